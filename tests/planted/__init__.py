"""Planted defects: small patches, each a mistake that a real system made, and the program that shows that the suite catches them."""
