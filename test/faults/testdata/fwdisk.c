// SPDX-License-Identifier: GPL-2.0-or-later
/* A driver of virtio disks that needs firmware before it does anything, and gives up without. */
#include <linux/firmware.h>
#include <linux/module.h>
#include <linux/virtio.h>
#include <linux/virtio_ids.h>

static int fwdisk_probe(struct virtio_device *vdev) {
  const struct firmware *fw;
  int err = request_firmware(&fw, "fwdisk/fwdisk.bin", &vdev->dev);

  if (err)
    return err;
  release_firmware(fw);
  return -ENODEV;
}

static void fwdisk_remove(struct virtio_device *vdev) {}

static const struct virtio_device_id ids[] = {{VIRTIO_ID_BLOCK, VIRTIO_DEV_ANY_ID}, {0}};

static struct virtio_driver fwdisk = {
    .driver.name = "fwdisk",
    .driver.owner = THIS_MODULE,
    .id_table = ids,
    .probe = fwdisk_probe,
    .remove = fwdisk_remove,
};

module_virtio_driver(fwdisk);
MODULE_DEVICE_TABLE(virtio, ids);
MODULE_FIRMWARE("fwdisk/fwdisk.bin");
MODULE_DESCRIPTION("a disk that needs firmware");
MODULE_LICENSE("GPL");
