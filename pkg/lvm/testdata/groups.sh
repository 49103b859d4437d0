# The volume groups of make.sh.
disks 6
# plain-x: linear, striped, snapshots.
lvm vgcreate -q -q -s 1m plain-x $PVS >/dev/null
set -- $PVS
create -Wn -Zn -n root-a -L 8m plain-x "$1"
create -Wn -Zn -n home -L 4m plain-x "$1"
lvm lvextend -q -q -L 20m plain-x/root-a "$2" >/dev/null
lvm lvextend -q -q -L 23m plain-x/root-a "$1" >/dev/null
create -Wn -Zn --type striped -i 3 -I 16 -L 12m -n str plain-x
create -Wn -Zn --type raid0 -i 2 -L 8m -n zero plain-x
create -Wn -Zn --type raid0_meta -i 2 -L 8m -n zerom plain-x
create -Wn -Zn -n ro -L 2m plain-x
lvm lvchange -q -q -pr plain-x/ro >/dev/null
create -s -n snap-1 -L 4m plain-x/home
create -s -n snap2 -c 64k -L 4m plain-x/home
create -s -n rosnap -pr -L 4m plain-x/str
create --type snapshot -V 100m -L 4m -n virt plain-x
record plain-x
lvm vgremove -q -q -f plain-x >/dev/null

# raid: every level.
lvm vgcreate -q -q -s 1m raid $PVS >/dev/null
create -Wn --type raid1 -m 2 -L 4m -n r1 --maxrecoveryrate 512 --minrecoveryrate 128 raid
create -Wn --type raid1 -m 1 -L 4m -R 512k -n r1w raid
edit raid '/^\t\tr1w_rimage_1 /,/status/s/"WRITE"/"WRITE", "WRITEMOSTLY"/; /^\t\tr1w /,/region_size/s/(region_size = .*)/\1\n\t\t\t\twritebehind = 512/'
create -Wn --type raid1 -m 1 -L 4m --nosync -n r1n raid
for t in raid4 raid5 raid5_la raid5_ra raid5_ls raid5_rs raid5_n; do create -Wn --type $t -i 3 -I 32 -L 6m -n v$t raid; done
for t in raid6 raid6_zr raid6_nr raid6_nc raid6_ls_6 raid6_rs_6 raid6_la_6 raid6_ra_6 raid6_n_6; do create -Wn --type $t -i 3 -L 3m -n v$t raid; done
create -Wn --type raid10 -m 1 -i 2 -L 4m -n r10 raid
create -Wn --type mirror -m 1 -L 4m --mirrorlog disk -n mir raid
create -Wn --type mirror -m 2 -L 4m --mirrorlog core -n mirc raid
create -Wn --type mirror -m 1 -L 4m --nosync --mirrorlog disk -n mirn raid
create -s -n snapr -L 4m raid/r1
record raid
lvm vgremove -q -q -f raid >/dev/null

# thin: pools, volumes, snapshots, an external origin.
export FAKEDM_TXN=0
lvm vgcreate -q -q -s 1m thin $PVS >/dev/null
create --type thin-pool -L 16m -n pool-1 thin
create -V 1g --thin -n root thin/pool-1
transaction thin/pool-1
create -V 64m --thin -n other thin/pool-1
transaction thin/pool-1
create -s -n before thin/root
transaction thin/pool-1
create -s -n before2 thin/before
transaction thin/pool-1
create -pr -s -n frozen thin/root
transaction thin/pool-1
create -s -n oldsnap -L 8m thin/other
export FAKEDM_TXN=0
create --type thin-pool -Zn --discards ignore -c 128k -L 16m -n strict thin
create -V 32m --thin -n sv thin/strict
edit thin '/^\t\tstrict /,/zero_new/s/(discards = .*)/\1\n\t\t\t\terror_when_full = 1/; /^\t\tstrict /,/flags/s/flags = .*/flags = ["ERROR_WHEN_FULL"]/'
export FAKEDM_TXN=0
create --type thin-pool --discards nopassdown -L 16m -n nopass thin
create -Wn -Zn -pr -L 12m -n ext thin
transaction thin/nopass
lvm lvcreate -q -q -y -s --thinpool thin/nopass -n extthin thin/ext >/dev/null
export FAKEDM_TXN=0
create -Wn --type raid1 -m 1 -L 16m -n tdata thin
create -Wn --type raid1 -m 1 -L 4m -n tmeta thin
convert --type thin-pool --poolmetadata thin/tmeta thin/tdata
create -V 32m --thin -n rv thin/tdata
record thin
lvm vgremove -q -q -f thin >/dev/null

# cache: pools, volumes, modes, policies.
lvm vgcreate -q -q -s 1m cache $PVS >/dev/null
for mode in writethrough writeback passthrough; do
	create -Wn -Zn -L 16m -n c$mode cache
	create --type cache-pool -L 8m -n p$mode cache
	convert --type cache --cachepool cache/p$mode --cachemode $mode cache/c$mode
done
create -Wn -Zn -L 16m -n cset cache
create --type cache-pool -L 8m -c 128k -n pset cache
convert --type cache --cachepool cache/pset --cachepolicy mq --cachesettings 'migration_threshold=4096 random_threshold=8' cache/cset
create -Wn -Zn -L 16m -n cf1 cache
create --type cache-pool -L 8m --cachemetadataformat 1 -n pf1 cache
convert --type cache --cachepool cache/pf1 cache/cf1
create -Wn -Zn -L 16m -n cvol cache
create -Wn -Zn -L 16m -n fast cache
convert --type cache --cachevol cache/fast cache/cvol
create -Wn -Zn -L 16m -n cvolb cache
create -Wn -Zn -L 16m -n fastb cache
convert --type cache --cachevol cache/fastb --cachemode writeback --chunksize 128k cache/cvolb
create -Wn --type raid1 -m 1 -L 16m -n craid cache
create -Wn -Zn -L 16m -n fastr cache
convert --type cache --cachevol cache/fastr cache/craid
export FAKEDM_TXN=0
create --type thin-pool -L 32m -n tp cache
create --type cache-pool -L 8m -n ptp cache
convert --type cache --cachepool cache/ptp cache/tp
create -V 64m --thin -n tv cache/tp
create -s -n csnap -L 4m cache/cwritethrough
create -Wn -Zn -L 16m -n cbig cache
create --type cache-pool -L 16m -c 512k -n pbig cache
convert --type cache --cachepool cache/pbig cache/cbig
# The IDs that older versions gave to the parts of a cache volume.
edit cache '/^\t\tcvolb /,/data_len/s/^(.*)data_len = .*/&\n\1data_id = "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg"\n\1metadata_id = "hhhhhh-iiii-jjjj-kkkk-llll-mmmm-nnnnnn"/'
# A policy of newer kernels, and no policy at all.
edit cache '/^\t\tpwriteback_cpool /,/policy/s/policy = .*/policy = "smq"/; /^\t\tppassthrough_cpool /,/policy/{/policy/d}'
record cache
lvm vgremove -q -q -f cache >/dev/null

# degraded: the last disk is not there.
lvm vgcreate -q -q -s 1m degraded $PVS >/dev/null
set -- $PVS
create -Wn -Zn -L 4m -n whole degraded "$1"
create -Wn -Zn -L 4m -n gone degraded "$6"
create -Wn --type raid1 -m 1 -L 4m -n r1 degraded "$1" "$6"
create -Wn --type raid1 -m 1 -L 4m -n r1first degraded "$6" "$2"
create -Wn --type raid0 -i 2 -L 4m -n r0 degraded "$1" "$6"
create -Wn --type raid5 -i 2 -L 4m -n r5 degraded "$1" "$6" "$2"
create -Wn --type raid6 -i 3 -L 3m -n r6 degraded "$1" "$6" "$2" "$3" "$4"
create -Wn --type raid10 -m 1 -i 2 -L 4m -n r10 degraded "$1" "$2" "$3" "$6"
create -Wn --type mirror -m 1 -L 4m --mirrorlog core -n mir degraded "$1" "$6"
save degraded
rm "$6"
tables degraded --activationmode degraded
