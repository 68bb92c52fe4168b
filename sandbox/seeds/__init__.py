"""The fictitious people, organisations and cases of `make run`, made by `python -m sandbox.seeds` through the services that make real ones.

Each step looks for what it makes and makes what is missing, so a start that was interrupted is taken up and a later one changes nothing.
Nothing is backdated: a receipt is a promise of its moment. What is old in these cases is what happened in them, as their claims say.
"""
