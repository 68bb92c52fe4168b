"""What an adapter to a mail server or an SMS gateway may answer besides success."""


class Refused(Exception):
    """It will never take this message; `code` is stable and names nobody."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Away(Exception):
    """It did not take the message now; `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
