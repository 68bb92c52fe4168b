"""The HTTP interface of `evidence` for machines."""
