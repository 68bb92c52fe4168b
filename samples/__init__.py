"""One fictitious consumer-loan case, as a collection system would export it, and the programs that make and deposit it.

What it is for: `samples/case/` is deposited at the first start of `make run`, and tests and demonstrations use it.
`samples.generate` makes the case, `samples.deposit` sends it through the public API as any client would.

What it does not do: nothing in the service imports this package, and nobody in the case exists (see `README.md`).
"""
