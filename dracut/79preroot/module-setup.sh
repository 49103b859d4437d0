#!/bin/bash
# The dracut module of preroot: puts our /init into an image that dracut makes. It is taken when it is asked for:
#
#	dracut --add preroot        or, for every image, add_dracutmodules+=" preroot " in /etc/dracut.conf.d
#
# Its number places it behind the modules that make /init a link to systemd, and before base, which leaves an /init that is there alone. The image's own
# init stays as /init.dracut: the word rdinit=/init.dracut on the kernel's command line goes back without building the image again.

# Whether the module can be used; 255 means: only when asked for.
check() {
    [ -x "$moddir/init" ] || return 1
    return 255
}

# What else has to be in the image.
depends() {
    echo base
}

# Puts /init in.
install() {
    stock=$initdir/init
    if [ -e "$stock" ] || [ -L "$stock" ]; then
        mv -f "$stock" "$stock.dracut"
    elif [ -e "$dracutbasedir/modules.d/99base/init.sh" ]; then
        inst_script "$dracutbasedir/modules.d/99base/init.sh" /init.dracut
    elif [ -e "$dracutbasedir/modules.d/80base/init.sh" ]; then
        inst_script "$dracutbasedir/modules.d/80base/init.sh" /init.dracut
    fi
    inst_simple "$moddir/init" /init
}
