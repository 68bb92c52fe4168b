"""Cases from a spreadsheet: read within bounds, judged row by row, written all at once or not at all.

`tables` finds out what the file is, `csv_files` and `xlsx_files` read it, `columns` says what a file may hold, `judging` makes case files
of its rows or says what is wrong with them. All of these are pure; `cases.imports` keeps the checked file and writes.
"""
