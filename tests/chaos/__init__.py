"""The fault campaign: what may go wrong around a run, and what each run has to come to all the same.

What is expected is data beside the tests; `docs/reliability.md` shows it with what was seen. By default a
seeded part runs, with `CHAOS=all` the whole (`make chaos ALL=1`).
"""
