"""Original bytes: streaming dual hash, sealing, storage. What they mean is the business of `evidence`."""
