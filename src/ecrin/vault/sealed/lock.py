"""A lock on an open file that ends with its process, by what the system has: flock(2), or LockFile on Windows."""

try:
    import fcntl
except ImportError:
    import msvcrt

    def lock(opened: int) -> bool:
        """Lock the file unless another has it locked; return whether. Closing it ends the lock."""
        try:
            msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except PermissionError:  # EACCES; anything else is a file system without locks
            return False
        return True

else:

    def lock(opened: int) -> bool:
        """Lock the file unless another has it locked; return whether. Closing it ends the lock."""
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
