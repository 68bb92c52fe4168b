"""The log's public face: `/log/` in the C2SP tlog-tiles layout."""
