package uevent

import "testing"

func TestWave(t *testing.T) {
	for _, c := range []struct {
		modalias string
		want     Kind
	}{
		{"pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", KindStorage}, // AHCI
		{"pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02", KindQuick},   // NVMe
		{"pci:v00008086d0000201Dsv00008086sd00000000bc01sc04i00", KindStorage}, // VMD
		{"pci:v00001077d00002532sv00001077sd0000015Dbc0Csc04i00", KindStorage}, // Fibre Channel
		{"pci:v00008086d00005AD0sv00008086sd00007270bc08sc05i01", KindStorage}, // SDHCI
		{"pci:v000010ECd0000525Asv00001028sd000007E6bcFFsc00i00", KindStorage}, // card reader
		{"pci:v000010DEd0000525Asv00001028sd000007E6bcFFsc00i00", KindOther},
		{"pci:v00008086d0000A36Dsv00001028sd0000085Cbc0Csc03i30", KindBus}, // xHCI
		{"pci:v00008086d000015EBsv00001028sd0000085Cbc08sc80i00", KindBus}, // Thunderbolt
		{"pci:v00008086d00001237sv00001AF4sd00001100bc06sc00i00", KindBus},
		{"pci:v00001234d00001111sv00001AF4sd00001100bc03sc00i00", KindConsole},
		{"pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", KindOther},
		{"pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00", KindQuick}, // virtio-blk, transitional
		{"pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00", KindQuick}, // virtio-blk, modern
		{"pci:v00001AF4d00001004sv00001AF4sd00000008bc01sc00i00", KindQuick}, // virtio-scsi
		{"pci:v00001AF4d00001048sv00001AF4sd00001100bc01sc00i00", KindQuick},
		{"pci:v00001AF4d0000105Bsv00001AF4sd00001100bc05sc80i00", KindQuick}, // virtio-pmem
		{"pci:v00001AF4d00001003sv00001AF4sd00000003bc07sc80i00", KindConsole},
		{"pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc80i00", KindConsole}, // virtio-gpu
		{"pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00", KindOther},
		{"pci:v00001AF4d00001005sv00001AF4sd00000004bc00scFFi00", KindOther},
		{"virtio:d00000002v00001AF4", KindQuick},
		{"virtio:d00000008v00001AF4", KindQuick},
		{"virtio:d00000003v00001AF4", KindConsole},
		{"virtio:d00000001v00001AF4", KindOther},
		{"usb:v0781p5567d0100dc00dsc00dp00ic08isc06ip50in00", KindStorage},
		{"usb:v046DpC31Cd6401dc00dsc00dp00ic03isc01ip01in00", KindConsole},
		{"usb:v1D6Bp0002d0601dc09dsc00dp01ic09isc00ip00in00", KindBus},
		{"usb:v0BDAp8153d3000dc00dsc00dp00icFFiscFFip00in00", KindOther},
		{"scsi:t-0x00", KindQuick},
		{"scsi:t-0x05", KindStorage},
		{"scsi:t-0x14", KindQuick},
		{"scsi:t-0x01", KindOther},
		{"mmc:block", KindStorage},
		{"nd:t4", KindQuick},
		{"cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0001", KindCPU},
		{"hid:b0003g0001v0000046Dp0000C31C", KindConsole},
		{"serio:ty06pr00id00ex00", KindConsole},
		{"input:b0011v0001p0001eAB41-e0,1,4", KindConsole},
		{"vmbus:d96361baa104294db60572e2ffb1dc7f", KindQuick},
		{"vmbus:635161f83edfc546913ff2d2f965ed0e", KindOther},
		{"xen:vbd", KindQuick},
		{"xen:vif", KindOther},
		{"acpi:80860F14:PNP0D40:", KindStorage},
		{"acpi:LNRO0005:", KindQuick},
		{"acpi:VMBUS:", KindQuick},
		{"acpi:PNP0303:PNP030B:", KindConsole},
		{"acpi:PNP0C0C:", KindConsole},
		{"acpi:LNXPWRBN:", KindConsole},
		{"acpi:PNP0C0D:", KindOther},
		{"of:NmmcT(null)Cbrcm,bcm2711-emmc2", KindStorage},
		{"of:NpcieT(null)Cbrcm,bcm2711-pcie", KindBus},
		{"of:Nusb-phyT(null)Camlogic,g12a-usb2-phy", KindBus},
		{"of:Nvirtio_mmioT(null)Cvirtio,mmio", KindQuick},
		{"of:NethernetT(null)Cbrcm,bcm2711-genet-v5", KindOther},
		{"of:Ngpio-keysT(null)Cgpio-keys", KindConsole},
		{"platform:virtio-mmio", KindQuick},
		{"platform:sdhci-iproc", KindStorage},
		{"platform:pcspkr", KindOther},
		{"ccw:t3990mE9dt3390dm0C", KindStorage},
		{"vio:TvscsiSIBM,v-scsi", KindStorage},
		{"vio:TnetworkSIBM,l-lan", KindOther},
		{"dmi:bvnSeaBIOS:", KindOther},
		{"", KindOther}, {"pci:", KindOther}, {"pci:bc", KindOther}, {"usb:ic", KindOther}, {"virtio:d", KindOther},
		{"acpi:", KindOther}, {"of:", KindOther}, {":::", KindOther},
	} {
		if got := Wave(c.modalias); got != c.want {
			t.Errorf("%s: %v, want %v", c.modalias, got, c.want)
		}
	}
}

func FuzzWave(f *testing.F) {
	for _, s := range []string{"pci:v00001AF4d00001042bc01sc00", "usb:ic08", "acpi:A:B:", "of:NaTbCc", "virtio:d00000002v"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k := Wave(s); k < KindQuick || k > KindOther {
			t.Errorf("%q: %d", s, k)
		}
	})
}
