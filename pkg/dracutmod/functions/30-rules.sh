# Rules of udev, with the programs that they call, and the users and groups that they name.

__rule_words() { sed -nr "s/.*$2==?\"([^ \"]+).*/\\1/p" "$1"; }

__rule_needs() {
    local name
    local -a list
    mapfile -t list < <(__rule_words "$1" PROGRAM; sed -nr 's/.*RUN[+=]=?"([^ "]+).*/\1/p' "$1"; __rule_words "$1" 'IMPORT\{program\}')
    for name in "${list[@]}"; do
        if [[ -x ${dracutsysrootdir-}$udevdir/$name ]]; then
            inst_binary "$udevdir/$name"
        elif [[ $name != *'$env{'* && $name != /sbin/initqueue ]]; then
            if name=$(find_binary "$name"); then
                inst_binary "$name"
            fi
        fi
    done
    mapfile -t list < <(sed -nr 's/.*OWNER=?"([^ "]+).*/\1/p' "$1")
    __rule_accounts passwd "${list[@]}"
    mapfile -t list < <(sed -nr 's/.*GROUP=?"([^ "]+).*/\1/p' "$1")
    __rule_accounts group "${list[@]}"
    ! grep -q -F initqueue "$1" || dracut_need_initqueue
}

# __rule_accounts FILE NAME...: their lines of /etc/FILE.
__rule_accounts() {
    local file=$1 name line
    shift
    for name in "$@"; do
        grep -qs "^$name:" "$initdir/etc/$file" && continue
        line=$(grep -s "^$name:" "${dracutsysrootdir-}/etc/$file") || continue
        mkdir -p "$initdir/etc"
        printf '%s\n' "$line" >>"$initdir/etc/$file"
    done
}

# A file called for a system's own lies at the same place in the image; one of a module goes to /etc/udev/rules.d.
inst_rules() {
    local rule dir found
    inst_dir "$udevdir/rules.d"
    inst_dir /etc/udev/rules.d
    for rule in "$@"; do
        found=""
        if [[ $rule == /* ]]; then
            if [[ -f $rule ]]; then
                found=1
                __rule_needs "$rule"
                inst_simple "$rule" "/etc/udev/rules.d/${rule##*/}"
            fi
        else
            for dir in ${hostonly:+/etc/udev/rules.d} "$udevdir/rules.d"; do
                [[ -e ${dracutsysrootdir-}$dir/$rule ]] || continue
                found=1
                __rule_needs "${dracutsysrootdir-}$dir/$rule"
                inst_simple "$dir/$rule"
            done
        fi
        [[ $found ]] || ddebug "no rule $rule"
    done
}

inst_rules_wildcard() {
    local rule
    inst_dir "$udevdir/rules.d"
    inst_dir /etc/udev/rules.d
    for rule in "${dracutsysrootdir-}$udevdir"/rules.d/$1 ${hostonly:+"${dracutsysrootdir-}"/etc/udev/rules.d/$1}; do
        [[ -e $rule ]] || continue
        __rule_needs "$rule"
        inst_simple "${rule#"${dracutsysrootdir-}"}"
    done
}

# Rules of old modules have words in them for what udev does by itself now.
prepare_udev_rules() {
    local rule
    for rule in "$@"; do
        rule=$initdir/etc/udev/rules.d/$rule
        [[ ! -e $rule ]] || sed -i -e 's/IMPORT PATH_ID$/IMPORT{builtin}="path_id"/' -e 's/IMPORT BLKID$/IMPORT{builtin}="blkid"/' "$rule"
    done
}
