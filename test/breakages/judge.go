package main

import (
	"strings"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/check"
)

// target is the machine of every boot.
const target = "virtio-blk ext4 root=UUID=" + vm.RootUUID

// judge asks check for its verdict of a breakage.
func judge(i *image, b breakage) (*check.Report, error) {
	data, err := write(i.all, b)
	if err != nil {
		return nil, err
	}
	parsed, err := archive.Parse(data, archive.Limits{})
	if err != nil {
		return nil, err
	}
	tree, err := parsed.Tree()
	if err != nil {
		return nil, err
	}
	t, err := check.ParseTarget(target)
	if err != nil {
		return nil, err
	}
	k, err := check.OpenKernel(i.kernel.ModulesDir(), i.kernel.Version)
	if err != nil {
		return nil, err
	}
	return check.Image(tree, k, t), nil
}

// why is what check has to say of a verdict, in one line.
func why(r *check.Report) string {
	var list []string
	for _, m := range r.Missing {
		list = append(list, m.What)
	}
	return strings.Join(list, "; ")
}
