package uevent

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestSuppliers(t *testing.T) {
	const soc = "devices/platform/soc@0/"
	sys := fstest.MapFS{
		soc + "mmc@1/waiting_for_supplier":                      file("1\n"),
		soc + "mmc@1/supplier:platform:regulator-sd":            link("../../../virtual/devlink/platform:regulator-sd--platform:mmc@1"),
		soc + "mmc@1/supplier:platform:clock@2":                 link("../../../virtual/devlink/x"),
		soc + "mmc@1/consumer:platform:other":                   link("../../../virtual/devlink/y"),
		soc + "mmc@1/supplier:i2c:gone":                         link("../../../virtual/devlink/z"),
		soc + "mmc@1/supplier:broken":                           link("../../../virtual/devlink/z"),
		soc + "clock@2/modalias":                                file("of:NclockT(null)Cvendor,clk\n"),
		soc + "clock@2/supplier:platform:regulator-sd":          link("../x"),
		soc + "clock@2/waiting_for_supplier":                    file("0\n"),
		"devices/platform/regulator-sd/modalias":                file("of:Nregulator-sdT(null)Cregulator-gpio\n"),
		"devices/platform/regulator-sd/supplier:i2c:0-0020":     link("../x"),
		"devices/platform/i2c-0/0-0020/modalias":                file("i2c:pca9535\n"),
		"devices/platform/i2c-0/0-0020/supplier:platform:mmc@1": link("../x"), // a loop
		"bus/platform/devices/mmc@1":                            link("../../../" + soc + "mmc@1"),
		"bus/platform/devices/clock@2":                          link("../../../" + soc + "clock@2"),
		"bus/platform/devices/regulator-sd":                     link("../../../devices/platform/regulator-sd"),
		"bus/i2c/devices/0-0020":                                link("../../../devices/platform/i2c-0/0-0020"),
	}
	var got []string
	Suppliers(sys, "/"+soc+"mmc@1", func(devpath, modalias, subsystem string) { got = append(got, subsystem+" "+modalias) })
	const want = "platform of:NclockT(null)Cvendor,clk; platform of:Nregulator-sdT(null)Cregulator-gpio; i2c i2c:pca9535"
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("got %s", s)
	}
	if !WaitsForSupplier(sys, "/"+soc+"mmc@1") || WaitsForSupplier(sys, "/"+soc+"clock@2") || WaitsForSupplier(sys, "/devices/gone") {
		t.Error("waiting_for_supplier was misread")
	}
}
