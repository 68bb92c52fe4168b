"""Capture → claims → statement → deposit; custody trail, packages, disclosure, verification."""
