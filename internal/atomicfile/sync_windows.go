package atomicfile

// syncDir does nothing: Windows cannot flush a folder, and NTFS journals the rename.
func syncDir(string) error { return nil }
