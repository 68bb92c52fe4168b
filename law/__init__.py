"""Statutes as data: what a citation means, which version was in force on a date, which periods a rule sets.

`law.statutes` loads the files of `law/instruments/`. A citation is (instrument, version, article), never a bare number: article
numbers move. What the project has not read or does not know for certain stays out; each rule says by its mark how it is known.
"""
