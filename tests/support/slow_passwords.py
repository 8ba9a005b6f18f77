"""Passwords that take their time, for what happens while one is being checked."""


class SlowPasswords:
    """The real ones; what is to happen while a password is being checked happens right after that."""

    def __init__(self, passwords, meanwhile):
        self._passwords = passwords
        self._meanwhile = meanwhile

    async def matches(self, credential, password):
        found = await self._passwords.matches(credential, password)
        await self._meanwhile()
        return found
