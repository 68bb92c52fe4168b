"""Which object store the settings mean: files below a folder, or a bucket of any S3."""
from pathlib import Path

from common.object_store import FileObjectStore, ObjectStore


def store_at(place: tuple[str, str, str, str, int, str] | Path | None, folder: Path) -> ObjectStore:
    """The store of a place as `config.env` reads it, a bucket or a folder; files below `folder` when there is none.

    A folder that somebody named is somebody's to make: were it made here, a disk that is not mounted would be written to beside itself.
    """
    if place is None:
        return FileObjectStore(folder)
    if isinstance(place, Path):
        return FileObjectStore(place, make=False)
    from common.s3_store import S3ObjectStore, S3Place  # noqa: PLC0415 - its library is loaded only where a bucket is used

    return S3ObjectStore(S3Place(*place))
