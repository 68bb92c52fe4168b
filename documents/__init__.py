"""Documents: what the service sets on paper. Typesetting today; sealing, numbering and QR codes come to it.

A template in `templates/documents/`, its data as one JSON input, a moment and the fonts make one PDF/A-3b file, the same bytes every time.
What this room does not know: whose data it is, who may have it, or any row of the database.
Source: formats A8; docs/adr/0027.
"""
