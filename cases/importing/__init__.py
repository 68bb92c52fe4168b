"""Cases, and payments on them, from a spreadsheet: read within bounds, judged row by row, written all at once or not at all.

`tables` finds out what the file is, `csv_files` and `xlsx_files` read it, `columns` says what a file may hold, `lines` reads its rows by
their columns, `judging` makes case files of them and `payments` payments, or they say what is wrong. All of these are pure; `cases.sheets`
holds them against the rows that are kept, `cases.imports` keeps the checked file and writes.
"""
