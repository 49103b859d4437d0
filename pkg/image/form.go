package image

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/preroot/preroot/pkg/unpack"
)

// form is how modules lie in an image.
type form int

const (
	plain   form = iota // uncompressed inside the compressed segment
	gzipped             // each gzip'ed by itself; /init unpacks it, with the kernel's leave or without
	asFound             // compressed as on the host; this kernel unpacks that itself
)

// moduleSuffixes are those that kmod knows, beside none.
var moduleSuffixes = []string{".gz", ".xz", ".zst"}

// kernelForm says in which form a generic image holds modules: as they are on disk if the kernel was configured to
// decompress that kind itself, otherwise as gzip, which the standard library in /init unpacks.
func kernelForm(t *tree) form {
	suffix := t.suffix()
	if suffix == "" {
		return gzipped
	}
	config := t.kernelConfig()
	kind := map[string]string{".gz": "GZIP", ".xz": "XZ", ".zst": "ZSTD"}[suffix]
	if setInConfig(config, "CONFIG_MODULE_DECOMPRESS") && setInConfig(config, "CONFIG_MODULE_COMPRESS_"+kind) {
		return asFound
	}
	return gzipped
}

// suffix is the compression suffix of the tree's first module, "" for none.
func (t *tree) suffix() string {
	if len(t.order) == 0 {
		return ""
	}
	return compression(t.path[t.order[0]])
}

func compression(file string) string {
	for _, s := range moduleSuffixes {
		if strings.HasSuffix(file, s) {
			return s
		}
	}
	return ""
}

// kernelConfig is the configuration that the kernel was built with, "" if it lies at none of the usual places: in the
// module folder, or in /boot of the root that the folder is part of (lib/modules/KVER or usr/lib/modules/KVER).
func (t *tree) kernelConfig() string {
	for _, file := range []string{"config", "build/.config", "../../../boot/config-" + t.kver, "../../../../boot/config-" + t.kver} {
		if text, err := os.ReadFile(filepath.Join(t.dir, file)); err == nil {
			return string(text)
		}
	}
	return ""
}

func setInConfig(config, name string) bool {
	return strings.Contains("\n"+config, "\n"+name+"=y\n")
}

// load reads a module and gives it the wanted form; the path is that inside the image, below the module folder.
// A module that gzip makes no smaller is left plain.
func (t *tree) load(name string, f form) (file string, data []byte, err error) {
	data, err = os.ReadFile(filepath.Join(t.dir, t.path[name]))
	if err != nil {
		return "", nil, fmt.Errorf("module %s: %w", name, err)
	}
	return t.form(name, data, f)
}

// form gives what was read of a module another form. In the image all lie in one folder: making and removing the eighty that they have on the host takes 7 ms of a boot in software emulation.
func (t *tree) form(name string, data []byte, f form) (file string, _ []byte, err error) {
	file = "kernel/" + path.Base(t.path[name])
	suffix := compression(file)
	if f == asFound || f == gzipped && suffix == ".gz" {
		return file, data, nil
	}
	if data, err = decompress(data, suffix); err != nil {
		return "", nil, fmt.Errorf("module %s: %s: %w", name, filepath.Join(t.dir, t.path[name]), err)
	}
	file = strings.TrimSuffix(file, suffix)
	if f == plain {
		return file, data, nil
	}
	packed, err := gzipAt(data, gzipLevel)
	if err != nil || len(packed) >= len(data) {
		return file, data, err
	}
	return file + ".gz", packed, nil
}

// moduleLimit bounds an unpacked module; the largest of Debian has about 20 MB.
const moduleLimit = 512 << 20

// decompress unpacks a module by its suffix.
func decompress(data []byte, suffix string) ([]byte, error) {
	if suffix == "" {
		return data, nil
	}
	r, err := unpack.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, moduleLimit))
}

// gzipLevel is the one of this library that makes modules smallest; its 9 takes ten times as long for 0.4 % more bytes.
const gzipLevel = 8

// gzipAt packs without name and time, so that equal input gives equal output.
func gzipAt(data []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
