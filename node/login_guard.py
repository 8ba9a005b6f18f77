"""When a password is not even looked at: too many failures in a row ask for a CAPTCHA first (jira.md 3.7)."""


def captcha_required(current_failures: int, *, max_failures: int) -> bool:
    """`max_failures` 0 switches the guard off. REST has no way to answer a CAPTCHA."""
    return 0 < max_failures <= current_failures
