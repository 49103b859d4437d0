# make              build/init (the /init of an initramfs), build/preroot (host command), build/initrd, build/nfsroot, build/lvm, build/unlock and build/modules (helpers of images)
# make init-arm64   build/arm64/init, the same for arm64 (preroot build --init takes it)
# make boot         build, make an image and a small root, boot it under QEMU; BOOT="-kernel sid -firmware uefi" and more
# make test         everything: format, vet, staticcheck, unit tests, QEMU suite
# make bench        the time of a boot, measured against the floor
# make install      all of it, below DESTDIR and PREFIX (/usr); MKINITRD=yes: preroot is mkinitrd, too. Nothing of the machine is taken over (docs/packaging.md)
# make deb          build/preroot_VERSION_ARCH.deb, which takes the place of initramfs-tools
# make kernels      fetch the kernels that the tests boot
#
# Long ones. The first five and test-dracut go on where they were stopped; what cannot be had fails.
# make test-layouts host-only images for every layout that the real tools make in a guest, on two kernels
# make test-matrix  kernels x file systems x buses, BIOS and UEFI, amd64 and arm64: the grid (an hour)
# make faults       every fault of docs/faults.md, done to a machine
# make twins        twin disks plugged at every distance
# make kills        the engine killed, signals, late disks and missing consoles at drawn instants
# make fuzz         every fuzz target for FUZZTIME, and a seeded defect that it must find (most of an hour)
# make getarg       100,000 command lines against dracut's own tools
# make initqueue    2,000 calls of initqueue against dracut's own, for three versions and three shells
# make hooks        every hook of dracut's modules, clevis and kiwi under a model of dracut's init and under ours; writes docs/third-party-hooks.md
# make dracut-modules  what fifteen modules of dracut 059, 106 and 112 put into an image, by dracut and by preroot: docs/dracut-modules.md (root, half an hour the first time)
# make lvm          pkg/lvm against lvm2 on loop devices (root)
# make injection    10,000 hostile values through everything that is written
# make test-dracut  hooks, injection, and images of dracut 059, 106, 112 with our /init, from each layout of the root's disks: docs/layouts.md (root, hours the first time)
# make hooks-bad    40 hook scripts of bad character in every stage, two shells: docs/bad-hooks.md
# make initrd-oracle  the Linux 6.1 that shows what a classic initrd is, built once from Debian's source
# make initrd       the classic initrds of test/initrd, booted by that kernel (INITRD="-column preroot-6.1-cloud 1 2" and more)
# make times-locked the way to a root on LUKS and LVM, measured beside dracut's shell init
# make breakages    one file of a good image broken, booted, and what preroot check says of it: docs/breakages.md (root, hours; BREAKAGES="-images mkinit*" and more)
# make test-deb     the package in whole Debian systems, booted by what its hooks make, and by what the running system makes (root, an hour; goes on where it was stopped)
# make real         whole Debian systems, booted by preroot and by initramfs-tools, compared (root, an hour the first time; REAL="-layout lvm-on-luks")

PATH := $(PATH):/usr/local/go/bin:/usr/sbin:/sbin
export PATH

GO       ?= go
FUZZTIME ?= 60s
# Machines at once in the long tests.
PARALLEL ?= 2
STATICCHECK_VERSION = v0.8.2

# No stamp of the version control: the same source gives the same bytes.
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w'
STEP  = build/summary -dir build/test

.PHONY: all install deb init-arm64 boot test bench fuzz getarg initqueue hooks injection lvm test-layouts test-matrix matrix test-dracut faults twins kills hooks-bad dracut-modules breakages real times-locked initrd-oracle initrd kernels tools test-deb clean FORCE

all: build/init build/preroot build/initrd build/nfsroot build/lvm build/unlock build/modules build/trialinit

# Go knows better than make what is out of date.
build/init: FORCE
	$(BUILD) -o $@ ./cmd/init

build/arm64/init: FORCE
	GOARCH=arm64 $(BUILD) -o $@ ./cmd/init

build/arm64/modules: FORCE
	GOARCH=arm64 $(BUILD) -o $@ ./cmd/modules

init-arm64: build/arm64/init build/arm64/modules

build/preroot: FORCE
	$(BUILD) -o $@ ./cmd/preroot

build/initrd: FORCE
	$(BUILD) -o $@ ./cmd/initrd

build/nfsroot: FORCE
	$(BUILD) -o $@ ./cmd/nfsroot

build/lvm: FORCE
	$(BUILD) -o $@ ./cmd/lvm

build/unlock: FORCE
	$(BUILD) -o $@ ./cmd/unlock

build/modules: FORCE
	$(BUILD) -o $@ ./cmd/modules

build/trialinit: FORCE
	$(BUILD) -o $@ ./cmd/trialinit

build/summary: FORCE
	@$(BUILD) -o $@ ./test/summary

build/bin/staticcheck-$(STATICCHECK_VERSION):
	@mkdir -p build/bin
	GOBIN=$(CURDIR)/build/bin $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	@mv build/bin/staticcheck $@

# What the tests run that a small Debian may lack; root installs it.
tools:
	@sh test/tools.sh

boot: tools
	@$(MAKE) --no-print-directory all $(if $(findstring arm64,$(BOOT)),init-arm64)
	@$(GO) run ./test/boot $(BOOT)

DESTDIR ?=
PREFIX  ?= /usr
MODULE   = $(DESTDIR)/usr/lib/dracut/modules.d/79preroot

LIB      = $(DESTDIR)/usr/lib
SHARE    = $(DESTDIR)$(PREFIX)/share
# What is installed may be for another processor.
COMPLETION = env -u GOARCH $(GO) run ./cmd/preroot completion

# What other programs look for at one place only does not follow PREFIX. A program that runs must not be written over: install(1) makes a new one.
install: all
	install -D -m 755 build/preroot $(DESTDIR)$(PREFIX)/bin/preroot
	$(if $(MKINITRD),ln -sf preroot $(DESTDIR)$(PREFIX)/bin/mkinitrd)
	install -d $(LIB)/preroot
	install -m 755 build/init build/initrd build/nfsroot build/lvm build/unlock build/modules build/trialinit packaging/update-initramfs packaging/booted packaging/reinstall $(LIB)/preroot
	install -D -m 755 dracut/79preroot/module-setup.sh $(MODULE)/module-setup.sh
	ln -f $(LIB)/preroot/init $(MODULE)/init || install -m 755 build/init $(MODULE)/init
	install -D -m 755 packaging/50-preroot.install $(LIB)/kernel/install.d/50-preroot.install
	install -D -m 755 packaging/91-preroot-previous.install $(LIB)/kernel/install.d/91-preroot-previous.install
	install -D -m 755 packaging/kernel/postinst $(DESTDIR)/etc/kernel/postinst.d/preroot
	install -D -m 755 packaging/kernel/postrm $(DESTDIR)/etc/kernel/postrm.d/preroot
	install -D -m 755 packaging/42_preroot $(DESTDIR)/etc/grub.d/42_preroot
	install -D -m 644 packaging/preroot-booted.service $(LIB)/systemd/system/preroot-booted.service
	install -D -m 644 man/preroot.8 $(SHARE)/man/man8/preroot.8
	install -D -m 644 man/update-initramfs.8 $(SHARE)/man/man8/update-initramfs.8
	install -D -m 644 man/preroot.conf.5 $(SHARE)/man/man5/preroot.conf.5
	install -D -m 644 man/preroot.cmdline.7 $(SHARE)/man/man7/preroot.cmdline.7
	mkdir -p $(SHARE)/bash-completion/completions $(SHARE)/zsh/vendor-completions $(SHARE)/fish/vendor_completions.d
	$(COMPLETION) bash >$(SHARE)/bash-completion/completions/preroot
	$(COMPLETION) zsh >$(SHARE)/zsh/vendor-completions/_preroot
	$(COMPLETION) fish >$(SHARE)/fish/vendor_completions.d/preroot.fish

# Each commit has a version of its own, later than the ones before it.
VERSION    = $(shell sed -n 's/^var version = "\(.*\)"/\1/p' cmd/preroot/main.go)$(shell git log -1 --format=+git%cd.%h --date=format:%Y%m%d%H%M 2>/dev/null)
DEB_ARCH   = $(shell $(GO) env GOARCH)

deb:
	@rm -rf build/deb build/preroot_*_$(DEB_ARCH).deb && mkdir -p build/deb
	@$(MAKE) --no-print-directory install DESTDIR=build/deb PREFIX=/usr MKINITRD= >build/deb.log
	@sh packaging/deb.sh build/deb $(VERSION) $(DEB_ARCH)

kernels: tools
	@$(GO) run ./test/kernels

# Each step leaves its result in build/test; a failed one does not keep the
# others from running, and the last line sums up.
test: tools
	@rm -rf build/test
	@$(MAKE) --no-print-directory all init-arm64 build/summary build/bin/staticcheck-$(STATICCHECK_VERSION)
	@$(STEP) check gofmt sh -c 'test -z "$$(gofmt -l cmd pkg internal test | tee /dev/stderr)"'
	@$(STEP) check mod-verify $(GO) mod verify
	@$(STEP) check vet $(GO) vet ./...
	@$(STEP) check vet-arm64 env GOARCH=arm64 $(GO) vet ./...
	@$(STEP) check staticcheck build/bin/staticcheck-$(STATICCHECK_VERSION) ./...
	@$(STEP) check static sh -c 'readelf -lW build/init build/arm64/init >build/test/readelf && ! grep INTERP build/test/readelf'
	@$(STEP) check kernels $(GO) run ./test/kernels 6.1-cloud 6.1 6.12-cloud 6.1-cloud-arm64
	@$(STEP) gotest unit $(GO) test -json -race -timeout 15m ./pkg/... ./internal/... ./cmd/... ./test/dracut ./test/summary ./test/bench ./test/fuzz
	@$(STEP) gotest qemu $(GO) test -json -count=1 -parallel 2 -timeout 20m ./test/qemu
	@$(STEP) total

bench: tools
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/bench $(BENCH)

# FUZZ="kmod.*" runs some targets; FUZZ=-table runs all and writes docs/fuzz.md.
fuzz: tools
	@$(GO) run ./test/fuzz -time $(FUZZTIME) $(FUZZ)

initqueue: tools
	$(GO) test -count=1 -v -timeout 120m ./test/dracut -run 'TestInitqueue|TestGetargPrograms' -calls=2000

getarg: tools
	$(GO) test -count=1 -v -timeout 120m ./test/dracut -lines=100000 -shelllines=100000 -librarycalls=1000

hooks: tools
	$(GO) test -count=1 -v -timeout 0 ./test/dracut -run TestThirdPartyHooks -hooklines=100 -table

injection: tools
	$(GO) test -count=1 -v -timeout 0 ./test/dracut -run TestInjection -injections=10000

lvm: tools
	$(GO) test -count=1 -v -tags loop -timeout 20m ./pkg/lvm

# A cell that booted is not booted again until /init, the builder or the
# kernel is another; its result and console lie in build/matrix, where
# log.txt shows how far it is.
test-matrix: tools
	@$(MAKE) --no-print-directory all init-arm64
	@mkdir -p build/matrix && rm -f build/matrix/grid.txt
	@$(GO) test -count=1 -v -parallel $(PARALLEL) -timeout 0 -run 'TestMatrix$$' ./test/qemu -matrix >build/matrix/log.txt 2>&1; \
	  status=$$?; grep -h -e '^ *--- FAIL' -e '^FAIL' -e '^panic' build/matrix/log.txt; \
	  cat build/matrix/grid.txt || tail -20 build/matrix/log.txt; exit $$status

matrix: test-matrix

test-layouts: tools
	@$(MAKE) --no-print-directory all
	$(GO) test -count=1 -v -timeout 0 -run TestHostOnly ./test/qemu -layouts

faults: tools
	@$(MAKE) --no-print-directory all
	$(GO) test -count=1 -v -timeout 0 ./test/faults -resume -table $(FAULTS)

twins: tools
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/twins $(TWINS)

kills: tools
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/kills $(KILLS)

# A cell that is passed is not run again while /init, the image, the disks and the kernel are the same. LAYOUTS="lvm-*" runs some; -list prints them all.
test-dracut: tools hooks injection
	@command -v debootstrap >/dev/null || apt-get -qq install -y --no-install-recommends debootstrap
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/layouts $(LAYOUTS)
	@$(if $(LAYOUTS),,$(GO) run ./test/layouts -poweroff)

# HOOKS="-run K04" runs some.
hooks-bad: tools
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/badhooks $(HOOKS)

# MODULES="-suite sid crypt lvm" runs some. dracut's lists are kept in build/dracut-modules as long as the system is the same.
dracut-modules: tools
	@command -v debootstrap >/dev/null || apt-get -qq install -y --no-install-recommends debootstrap
	@$(GO) run ./test/modules $(if $(MODULES),$(MODULES),-table)

breakages: tools
	@command -v debootstrap >/dev/null && command -v mkinitramfs >/dev/null || apt-get -qq install -y --no-install-recommends debootstrap initramfs-tools-core
	@$(MAKE) --no-print-directory all
	@nice -n 19 $(GO) run ./test/breakages $(BREAKAGES)
	@$(if $(BREAKAGES),,$(GO) run ./test/breakages -table)

times-locked: tools
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/locked

real: tools
	@command -v debootstrap >/dev/null || apt-get -qq install -y --no-install-recommends debootstrap
	@$(MAKE) --no-print-directory all
	@$(GO) run ./test/real $(REAL)

# DEB="-suites trixie -layouts ext4" runs some.
test-deb: tools
	@command -v debootstrap >/dev/null || apt-get -qq install -y --no-install-recommends debootstrap
	@$(MAKE) --no-print-directory deb
	@$(GO) run ./test/deb $(DEB)

initrd-oracle: tools
	@sh test/tools.sh test/initrd/tools.txt
	@$(GO) run ./test/initrd/run -build

initrd: initrd-oracle
	@$(MAKE) --no-print-directory all
	@$(GO) test ./test/initrd/...
	@$(GO) run ./test/initrd/run $(INITRD)
	@$(GO) run ./test/initrd/run -table

clean:
	rm -rf build
