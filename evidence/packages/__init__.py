"""Evidence packages (证据包): from the parts of records to a zip archive that streams. Pure but for `assembly`, which gathers the parts."""
