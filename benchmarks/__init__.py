"""How fast the product is beside `aws deploy push`, `zip` and the floor; see docs/performance.md."""
