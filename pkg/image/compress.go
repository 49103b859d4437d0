package image

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression says how the compressed part of an image is packed. The zero value is the first of compressions that the kernel unpacks.
type Compression struct {
	Kind  string // a key of compressors
	Level int    // 0 for the usual one
}

// compressor is one way to pack.
type compressor struct {
	config      string // what the kernel that unpacks it is configured with; "" for every kernel
	first, last int    // levels
	usual       int
	pack        func(data []byte, level int) ([]byte, error)
}

// compressors are those whose unpackers the kernel has (usr/Kconfig, lib/decompress.c) but for bzip2, lzma and lzo, which
// are slower and larger than their successors.
var compressors = map[string]compressor{
	"none": {pack: func(data []byte, _ int) ([]byte, error) { return data, nil }},
	"zstd": {"CONFIG_RD_ZSTD", 1, 22, 19, packZstd},
	"gzip": {"CONFIG_RD_GZIP", 1, 9, gzipLevel, gzipAt},
	"xz":   {"CONFIG_RD_XZ", 1, 9, 6, packXZ},
	"lz4":  {"CONFIG_RD_LZ4", 1, 12, 9, packLZ4},
}

// compressions are the kinds in the order in which they are taken where nobody asks for one.
var compressions = []string{"zstd", "xz", "gzip", "lz4", "none"}

// dracutNames are dracut's words for a kind, beside the kind itself.
var dracutNames = map[string]string{"cat": "none", "pigz": "gzip", "unzstd": "zstd"}

// ParseCompression reads KIND, KIND:LEVEL, or what dracut takes: the command line of a compressor ("zstd -15 -q -T0"), of
// which the name and the level count.
func ParseCompression(text string) (Compression, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Compression{}, nil
	}
	kind, level, ok := strings.Cut(words[0], ":")
	kind = path.Base(kind)
	if of := dracutNames[kind]; of != "" {
		kind = of
	}
	for _, w := range words[1:] {
		if n, isNumber := strings.CutPrefix(w, "-"); isNumber && n != "" && strings.Trim(n, "0123456789") == "" {
			level, ok = n, true
		}
	}
	c := Compression{Kind: kind}
	if ok {
		n, err := strconv.Atoi(level)
		if err != nil || n == 0 {
			n = -1 // out of every range
		}
		c.Level = n
	}
	return c, c.check()
}

// check refuses an unknown kind and a level out of its range.
func (c Compression) check() error {
	p, ok := compressors[c.Kind]
	switch {
	case c.Kind == "" && c.Level == 0:
		return nil
	case !ok:
		return fmt.Errorf("compression %q is none of %s", c.Kind, strings.Join(slices.Sorted(maps.Keys(compressors)), ", "))
	case c.Level == 0 || c.Level >= p.first && c.Level <= p.last:
		return nil
	case p.last == 0:
		return fmt.Errorf("compression %s has no levels: leave the level out", c.Kind)
	}
	return fmt.Errorf("compression %s: its levels are %d to %d", c.Kind, p.first, p.last)
}

// String is the compression as ParseCompression reads it.
func (c Compression) String() string {
	if c.Level == 0 {
		return c.Kind
	}
	return c.Kind + ":" + strconv.Itoa(c.Level)
}

// forKernel chooses a kind where none was asked for, and refuses one that the kernel does not unpack. A kernel whose configuration is not at hand is believed to unpack all.
func (c Compression) forKernel(config, kver string) (Compression, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	unpacks := func(kind string) bool {
		name := compressors[kind].config
		return name == "" || config == "" || setInConfig(config, name)
	}
	if c.Kind == "" {
		c.Kind = compressions[slices.IndexFunc(compressions, unpacks)]
		return c, nil
	}
	if !unpacks(c.Kind) {
		good := slices.DeleteFunc(slices.Clone(compressions), func(k string) bool { return !unpacks(k) })
		return c, fmt.Errorf("kernel %s does not unpack %s (%s is not set in its configuration): take one of %s", kver, c.Kind, compressors[c.Kind].config, strings.Join(good, ", "))
	}
	return c, nil
}

// hostLevel is the level of zstd for an image for one machine, which is made after each update of a program in it: a third of the time of the best one, and 7 % larger.
const hostLevel = 7

// chooseCompression settles how the image is packed where that was left open.
func (o *Options) chooseCompression(t *tree) (err error) {
	open := o.Compress == Compression{}
	if o.Compress, err = o.Compress.forKernel(t.kernelConfig(), t.kver); err != nil {
		return err
	}
	if open && o.HostOnly && o.Compress.Kind == "zstd" {
		o.Compress.Level = hostLevel
	}
	return nil
}

// pack packs an archive.
func (c Compression) pack(data []byte) ([]byte, error) {
	p := compressors[c.Kind]
	level := c.Level
	if level == 0 {
		level = p.usual
	}
	packed, err := p.pack(data, level)
	if err != nil {
		return nil, fmt.Errorf("compression %s: %w", c, err)
	}
	return packed, nil
}

// packZstd makes one frame. EncodeAll writes the size into it, so the kernel takes a window of just that size. Of the levels of zstd(1) the library has four: 1, 3, 6 and 10 begin one.
func packZstd(data []byte, level int) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return e.EncodeAll(data, nil), nil
}

// packXZ runs the xz program: there is no packer in Go that comes near it. The kernel's unpacker knows the checks none and
// CRC32 alone (lib/xz/xz_dec_stream.c), and takes as much memory as the dictionary is long. One thread, since the blocks
// of several depend on the version of the program.
func packXZ(data []byte, level int) ([]byte, error) {
	cmd := exec.Command("xz", "--compress", "--stdout", "--threads=1", "--format=xz", "--check=crc32", "--lzma2=preset="+strconv.Itoa(level)+",dict=1MiB")
	return filter(cmd, data)
}

// Frames of the legacy form, which is the kernel's (lib/decompress_unlz4.c): a magic number, and blocks of 8 MiB that their packed length goes before.
const (
	lz4Magic = 0x184C2102
	lz4Block = 8 << 20
)

// packLZ4 makes legacy frames. The library's levels end at 9; those above are the same.
func packLZ4(data []byte, level int) ([]byte, error) {
	packer := lz4.CompressorHC{Level: lz4.CompressionLevel(1 << (8 + min(level, 9)))}
	out := binary.LittleEndian.AppendUint32(nil, lz4Magic)
	buf := make([]byte, lz4.CompressBlockBound(lz4Block))
	for block := range slices.Chunk(data, lz4Block) {
		n, err := packer.CompressBlock(block, buf)
		if err != nil {
			return nil, err
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out = append(out, buf[:n]...)
	}
	return out, nil
}

// filter runs a program over data. It takes nothing from the environment (XZ_OPT, XZ_DEFAULTS) but the PATH that found it.
func filter(cmd *exec.Cmd, data []byte) ([]byte, error) {
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = bytes.NewReader(data), &out, &complaint, []string{"LC_ALL=C"}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w (Debian package xz-utils): %s", cmd.Args[0], err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}
