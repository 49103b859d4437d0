package linux

import "os"

// WriteSys writes an attribute of /sys in one write(2), as attributes want it; it makes no file.
func WriteSys(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
