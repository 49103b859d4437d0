package config

import (
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
)

// moduleParams collects the words MODULE.PARAM[=VALUE] by module. The text is what the kernel's module
// loader parses, so a value with blanks gets its quotes back.
func moduleParams(p cmdline.Params) map[string]string {
	var params map[string]string
	for _, w := range p.Words() {
		module, param, ok := strings.Cut(w.Key, ".")
		if !ok || param == "" || !isModuleName(module) || isNamespace(module) {
			continue
		}
		if params == nil {
			params = make(map[string]string)
		}
		module = strings.ReplaceAll(module, "-", "_")
		if old := params[module]; old != "" {
			params[module] = old + " " + paramText(param, w)
		} else {
			params[module] = paramText(param, w)
		}
	}
	return params
}

func paramText(param string, w cmdline.Word) string {
	switch {
	case !w.HasValue:
		return param
	case strings.ContainsAny(w.Value, " \t\v\f\r") || strings.IndexByte(w.Value, 0xa0) >= 0:
		return param + `="` + w.Value + `"`
	}
	return param + "=" + w.Value
}

func isModuleName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return s != ""
}

// isNamespace reports whether NAME.x is a word of user space: dracut's (dracut.cmdline(7)), systemd's
// (kernel-command-line(7)), libkmod's (modprobe.blacklist=) or the kernel's own sysctl.* (proc(5)).
func isNamespace(name string) bool {
	switch name {
	case "rd", "systemd", "udev", "luks", "vconsole", "locale", "fsck", "mount", "plymouth", "net", "live",
		"nvmf", "root", "syslog", "modprobe", "sysctl", "quotacheck", "tpm2", "ignition", "coreos", "ostree":
		return true
	}
	return false
}
