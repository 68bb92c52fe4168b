"""Reckoning: what a debtor owes on a date, and the sheet (计算表) that shows how every sum came about.

Pure: frozen values in, frozen values out; Decimal only, `datetime.date` only; no Django, no clock, no network, no settings. The same
input gives the same bytes (`cases.reckoning.sheet`).

Rules stated once, here, and repeated on every sheet:

- Days run from the first day to the last, the first counted and the last not (算头不算尾); nothing accrues on the day that is reckoned to.
- Every row of accrual is rounded half-up to fen, once, when it is closed: when its base changes, when it falls due, when a receipt is
  appropriated, or on the day reckoned to. Nothing else is rounded, but the equal instalment and the equal share of principal.
- In-term interest accrues on principal that is not due; penalty (罚息) on principal that is due and unpaid, at rate × (1 + uplift);
  compound interest (复利) on in-term interest that is due and unpaid, at the penalty rate, and never on penalty or on itself.
- Due dates are not moved for weekends or holidays. Rates are fixed.
"""
