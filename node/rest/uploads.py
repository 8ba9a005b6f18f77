"""Reading files out of a multipart form, piece by piece, so that no sender decides how much memory it takes."""

from aiohttp import BodyPartReader, MultipartReader

from node.forms import MALFORMED
from node.issues.attachments import FILE_BYTES_MAX, NewFile, too_large
from node.request import Request
from shared.errors import CallerError

FORM_BYTES_MAX = 2 * FILE_BYTES_MAX
"""Of all files in one request together."""
PARTS_MAX = 100
MULTIPART = "multipart/form-data"


async def uploaded_files(request: Request, part_name: str) -> list[NewFile]:
    """The files of every part with that name. Raises CallerError 415 for another content type, 413 for too much and
    400 for a form that cannot be read or has no such file."""
    if request.content_type != MULTIPART:
        raise CallerError(415, f"Content type '{request.content_type}' is not supported; send {MULTIPART}")
    try:
        files = await _read(await request.multipart(), part_name)
    except MALFORMED as error:
        raise CallerError(400, f"The form cannot be read: {error}") from error
    if not files:
        raise CallerError(400, f"The form has no file in a part named '{part_name}'.")
    return files


async def _read(form: MultipartReader, part_name: str) -> list[NewFile]:
    files: list[NewFile] = []
    for _ in range(PARTS_MAX):
        part = await form.next()
        if part is None:
            return files
        if isinstance(part, BodyPartReader) and part.name == part_name and part.filename is not None:
            left = FORM_BYTES_MAX - sum(len(file.content) for file in files)
            content = await _content(part, min(left, FILE_BYTES_MAX))
            files.append(NewFile.of(part.filename, content, part.headers.get("Content-Type")))
    raise CallerError(400, f"The form has more than {PARTS_MAX} parts.")


async def _content(part: BodyPartReader, limit: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > limit:
            raise too_large(part.filename or "")
    return bytes(content)
