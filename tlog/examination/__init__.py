"""The pure parts of the examination of an evidence package: each module judges one part of it.

`tlog.package` opens the files, calls these modules in order and returns their findings as one report.
"""
