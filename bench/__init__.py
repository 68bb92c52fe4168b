"""One command prints every figure of the performance table beside its target: `make bench`.

Ratios are taken in one run, the two sides in turn, and the median of at least five pairs is printed: machines are shared
and noisy, and a quotient of neighbours is worth more than a second. Nothing here is asserted; tests are elsewhere.
"""
