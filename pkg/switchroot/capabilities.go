package switchroot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrCapability is a file capsdrop that cannot be followed.
var ErrCapability = errors.New("/etc/capsdrop")

// Capabilities reads /etc/capsdrop, which dracut's module caps leaves for the switch: CAPS_INIT_DROP="cap_a,cap_b" names what the new init and all behind it
// never get, as capsh(1) takes it (--drop): names in any case, numbers, or all. It gives their numbers. The file is a shell's; its last such line counts, and nothing of
// it is executed. A name that is not known, or a value that a shell would have to work out, is ErrCapability: a machine that was to be locked does not start unlocked.
func Capabilities(text string) ([]int, error) {
	value := ""
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "CAPS_INIT_DROP="); ok {
			value = v
		}
	}
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	var list []int
	for name := range strings.SplitSeq(value, ",") {
		if name == "" {
			continue
		}
		numbers, err := capability(strings.ToLower(name))
		if err != nil {
			return nil, err
		}
		list = append(list, numbers...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func capability(name string) ([]int, error) {
	if name == "all" {
		all := make([]int, len(capabilities))
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	if n, err := strconv.ParseUint(name, 10, 6); err == nil {
		return []int{int(n)}, nil
	}
	if n := slices.Index(capabilities[:], strings.TrimPrefix(name, "cap_")); n >= 0 && strings.HasPrefix(name, "cap_") {
		return []int{n}, nil
	}
	return nil, fmt.Errorf("%w: no capability is called %q; write names of capabilities(7) with commas between", ErrCapability, name)
}

// capabilities are the names in the order of their numbers (linux/capability.h), without CAP_.
var capabilities = [...]string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot",
	"sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
	"wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
}
