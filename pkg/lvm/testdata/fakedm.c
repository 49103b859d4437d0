// A device-mapper that is none: preloaded into lvm it answers the ioctls of
// /dev/mapper/control from memory and writes down what lvm asks for. So lvm says
// what it would activate on a kernel without device-mapper.
//
// FAKEDM_LOG   file that is appended to: a line "dev NAME UUID MAJOR:MINOR" for each new
//              device, and "table NAME ro|rw START LENGTH TARGET PARAMS" for each line
// FAKEDM_DEVICES  a file that stands for /proc/devices
// FAKEDM_TXN   the transaction id that every thin pool answers with, 0 by default
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAX 256
#define MAJOR 391 // no driver has it

static struct device {
	int used, live, loaded, ro, suspended;
	char name[DM_NAME_LEN], uuid[DM_UUID_LEN];
	char *table, *next; // lines "start length target params\n"
	int deps[64], ndeps;
} devices[MAX];

static int control = -1;
static int disk[1024]; // by descriptor: 1 + the minor of the device that it stands for
static int txn = -1;

static void note(const char *format, ...)
{
	const char *path = getenv("FAKEDM_LOG");
	FILE *f = path ? fopen(path, "a") : NULL;
	if (!f)
		return;
	va_list ap;
	va_start(ap, format);
	vfprintf(f, format, ap);
	va_end(ap);
	fclose(f);
}

static int real_open(const char *path, int flags, mode_t mode)
{
	static int (*next)(const char *, int, ...);
	if (!next)
		next = dlsym(RTLD_NEXT, "open");
	const char *end = strrchr(path, '/');
	if (end && !strcmp(end, "/control") && strstr(path, "/mapper/")) {
		control = next("/dev/null", O_RDWR);
		return control;
	}
	struct stat st;
	if (!stat(path, &st) && S_ISBLK(st.st_mode) && major(st.st_rdev) == MAJOR) {
		char name[] = "/tmp/fakedm-XXXXXX";
		int fd = mkstemp(name);
		unlink(name);
		if (fd >= 0 && fd < 1024 && !ftruncate(fd, 1 << 26))
			disk[fd] = minor(st.st_rdev) + 1;
		return fd;
	}
	int fd = next(path, flags, mode);
	if (fd >= 0 && fd < 1024)
		disk[fd] = 0;
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = va_arg(ap, int);
	va_end(ap);
	return real_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = va_arg(ap, int);
	va_end(ap);
	return real_open(path, flags, mode);
}

int __open_2(const char *path, int flags) { return real_open(path, flags, 0); }
int __open64_2(const char *path, int flags) { return real_open(path, flags, 0); }

int fstat(int fd, struct stat *st)
{
	static int (*next)(int, struct stat *);
	if (!next)
		next = dlsym(RTLD_NEXT, "fstat");
	int r = next(fd, st);
	if (!r && fd >= 0 && fd < 1024 && disk[fd]) {
		st->st_mode = S_IFBLK | 0600;
		st->st_rdev = makedev(MAJOR, disk[fd] - 1);
	}
	return r;
}

int fstat64(int fd, struct stat64 *st) { return fstat(fd, (struct stat *)st); }

static FILE *real_fopen(const char *path, const char *mode)
{
	static FILE *(*next)(const char *, const char *);
	if (!next)
		next = dlsym(RTLD_NEXT, "fopen");
	if (!strcmp(path, "/proc/devices") && getenv("FAKEDM_DEVICES"))
		path = getenv("FAKEDM_DEVICES");
	return next(path, mode);
}

FILE *fopen(const char *path, const char *mode) { return real_fopen(path, mode); }
FILE *fopen64(const char *path, const char *mode) { return real_fopen(path, mode); }

static struct device *find(struct dm_ioctl *io)
{
	for (int i = 0; i < MAX; i++) {
		struct device *d = &devices[i];
		if (!d->used)
			continue;
		if (io->dev ? io->dev == makedev(MAJOR, i) : io->uuid[0] ? !strcmp(d->uuid, io->uuid) : !strcmp(d->name, io->name))
			return d;
	}
	return NULL;
}

static int lines(const char *s)
{
	int n = 0;
	for (; s && *s; s++)
		n += *s == '\n';
	return n;
}

static int describe(struct dm_ioctl *io, struct device *d)
{
	io->dev = makedev(MAJOR, d - devices);
	snprintf(io->name, DM_NAME_LEN, "%s", d->name);
	snprintf(io->uuid, DM_UUID_LEN, "%s", d->uuid);
	io->flags &= ~(DM_READONLY_FLAG | DM_SUSPEND_FLAG | DM_ACTIVE_PRESENT_FLAG | DM_INACTIVE_PRESENT_FLAG);
	io->flags |= (d->ro ? DM_READONLY_FLAG : 0) | (d->suspended ? DM_SUSPEND_FLAG : 0) |
		     (d->table ? DM_ACTIVE_PRESENT_FLAG : 0) | (d->next ? DM_INACTIVE_PRESENT_FLAG : 0);
	io->target_count = lines(d->table);
	io->open_count = 0;
	io->event_nr = 0;
	return 0;
}

static void load(struct dm_ioctl *io, struct device *d)
{
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);
	struct dm_target_spec *spec = (void *)((char *)io + io->data_start);
	d->ndeps = 0;
	for (unsigned i = 0; i < io->target_count; i++) {
		const char *params = (char *)(spec + 1);
		fprintf(f, "%llu %llu %s %s\n", (unsigned long long)spec->sector_start, (unsigned long long)spec->length, spec->target_type, params);
		note("table %s %s %llu %llu %s %s\n", d->name, io->flags & DM_READONLY_FLAG ? "ro" : "rw",
		     (unsigned long long)spec->sector_start, (unsigned long long)spec->length, spec->target_type, params);
		// What looks like major:minor is what the device lies on.
		for (const char *p = params; *p && d->ndeps < 64; p += strcspn(p, " "), p += *p == ' ') {
			unsigned a, b;
			if (sscanf(p, "%u:%u", &a, &b) == 2)
				d->deps[d->ndeps++] = makedev(a, b);
		}
		spec = (void *)((char *)spec + spec->next);
	}
	fclose(f);
	free(d->next);
	d->next = out;
	d->ro = !!(io->flags & DM_READONLY_FLAG);
}

static int versions(struct dm_ioctl *io)
{
	static const struct { const char *name; unsigned v[3]; } targets[] = {
		{"striped", {1, 6, 0}}, {"linear", {1, 4, 0}}, {"error", {1, 6, 0}}, {"zero", {1, 1, 0}},
		{"snapshot", {1, 16, 0}}, {"snapshot-origin", {1, 9, 0}}, {"snapshot-merge", {1, 5, 0}}, {"mirror", {1, 14, 0}},
		{"raid", {1, 15, 1}}, {"thin", {1, 23, 0}}, {"thin-pool", {1, 23, 0}}, {"cache", {2, 2, 0}}, {"writecache", {1, 6, 0}},
		{"integrity", {1, 10, 0}}, {"crypt", {1, 24, 0}},
	};
	char *at = (char *)io + io->data_start;
	struct dm_target_versions *tv = NULL;
	for (unsigned i = 0; i < sizeof targets / sizeof *targets; i++) {
		tv = (void *)at;
		size_t n = (sizeof *tv + strlen(targets[i].name) + 1 + 7) & ~7;
		if (at + n > (char *)io + io->data_size) {
			io->flags |= DM_BUFFER_FULL_FLAG;
			return 0;
		}
		tv->next = n;
		memcpy(tv->version, targets[i].v, sizeof tv->version);
		strcpy(tv->name, targets[i].name);
		at += n;
	}
	tv->next = 0;
	io->data_size = at - (char *)io;
	return 0;
}

static int transaction(void)
{
	const char *said = getenv("FAKEDM_TXN");
	return txn >= 0 ? txn : said ? atoi(said) : 0;
}

static int status(struct dm_ioctl *io, struct device *d)
{
	char *at = (char *)io + io->data_start, *text = strdup(d->table ? d->table : ""), *save = NULL;
	unsigned n = 0;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save), n++) {
		struct dm_target_spec *spec = (void *)at;
		unsigned long long start, length;
		int used = 0;
		char type[16], answer[512];
		sscanf(l, "%llu %llu %15s %n", &start, &length, type, &used);
		const char *params = l + used;
		if (!(io->flags & DM_STATUS_TABLE_FLAG)) {
			params = answer;
			answer[0] = 0;
			if (!strcmp(type, "thin-pool"))
				snprintf(answer, sizeof answer, "%d 1/1024 0/1024 - rw discard_passdown queue_if_no_space - 1024", transaction());
			if (!strcmp(type, "raid")) {
				char kind[16];
				int a, legs = 0;
				for (const char *p = l; (p = strchr(p, ':')); p++)
					legs++;
				sscanf(l + used, "%15s %d", kind, &a);
				legs /= 2;
				snprintf(answer, sizeof answer, "%s %d %.*s %llu/%llu idle 0 0 -", kind, legs, legs, "AAAAAAAA", length, length);
			}
			if (!strcmp(type, "cache"))
				snprintf(answer, sizeof answer, "8 1/1024 128 0/64 0 0 0 0 0 0 0 2 metadata2 writethrough 2 migration_threshold 2048 smq 0 rw -");
			if (!strcmp(type, "snapshot"))
				snprintf(answer, sizeof answer, "16/8192 16");
			if (!strcmp(type, "thin"))
				snprintf(answer, sizeof answer, "0 -");
			if (!strcmp(type, "mirror"))
				snprintf(answer, sizeof answer, "2 253:0 253:1 16/16 1 AA 1 core");
		}
		memset(spec, 0, sizeof *spec);
		spec->sector_start = start;
		spec->length = length;
		strcpy(spec->target_type, type);
		strcpy((char *)(spec + 1), params);
		at += (sizeof *spec + strlen(params) + 1 + 7) & ~7;
		spec->next = at - ((char *)io + io->data_start);
	}
	free(text);
	io->target_count = n;
	io->data_size = at - (char *)io;
	return 0;
}

static int answer(unsigned cmd, struct dm_ioctl *io)
{
	struct device *d;
	if (getenv("FAKEDM_TRACE"))
		note("# ioctl %u name=%s uuid=%s dev=%llx\n", cmd, io->name, io->uuid, (unsigned long long)io->dev);
	io->version[0] = 4, io->version[1] = 47, io->version[2] = 0;
	switch (cmd) {
	case 0: // version
	case 1:
	case 16: // arm poll
		return 0;
	case 2: { // names
		struct dm_name_list *l = (void *)((char *)io + io->data_start), *last = NULL;
		for (int i = 0; i < MAX; i++) {
			if (!devices[i].used)
				continue;
			l->dev = makedev(MAJOR, i);
			strcpy(l->name, devices[i].name);
			size_t n = (offsetof(struct dm_name_list, name) + strlen(l->name) + 1 + 7) & ~7;
			uint32_t *event = (void *)((char *)l + n);
			event[0] = event[1] = 0;
			n += 8;
			l->next = n;
			last = l;
			l = (void *)((char *)l + n);
		}
		if (last)
			last->next = 0;
		else
			l->dev = 0, l = (void *)((char *)l + 16);
		io->data_size = (char *)l - (char *)io;
		return 0;
	}
	case 3: // create
		for (int i = 0; i < MAX; i++) {
			d = &devices[i];
			if (d->used)
				continue;
			memset(d, 0, sizeof *d);
			d->used = 1;
			strcpy(d->name, io->name);
			strcpy(d->uuid, io->uuid);
			note("dev %s %s %d:%d\n", d->name, d->uuid, MAJOR, i);
			return describe(io, d);
		}
		errno = ENOMEM;
		return -1;
	case 13:
		return versions(io);
	case 17: { // version of one target
		struct dm_target_versions *tv = (void *)((char *)io + io->data_start);
		memset(tv, 0, sizeof *tv);
		tv->version[0] = 1, tv->version[1] = 15;
		if (!strcmp(io->name, "cache"))
			tv->version[0] = 2, tv->version[1] = 2;
		strcpy(tv->name, io->name);
		return 0;
	}
	}
	d = find(io);
	if (!d) {
		errno = ENXIO;
		return -1;
	}
	switch (cmd) {
	case 4:
		note("remove %s\n", d->name);
		d->used = 0;
		return 0;
	case 5:
		if (!(io->flags & DM_UUID_FLAG))
			snprintf(d->name, DM_NAME_LEN, "%s", (char *)io + io->data_start);
		return describe(io, d);
	case 6:
		if (io->flags & DM_SUSPEND_FLAG)
			d->suspended = 1;
		else {
			d->suspended = 0;
			if (d->next) {
				free(d->table);
				d->table = d->next;
				d->next = NULL;
			}
			note("resume %s\n", d->name);
		}
		return describe(io, d);
	case 9:
		load(io, d);
		return describe(io, d);
	case 10:
		free(d->next);
		d->next = NULL;
		return describe(io, d);
	case 11: {
		describe(io, d);
		struct dm_target_deps *deps = (void *)((char *)io + io->data_start);
		deps->count = d->ndeps;
		for (int i = 0; i < d->ndeps; i++)
			deps->dev[i] = d->deps[i];
		io->data_size = (char *)(deps->dev + d->ndeps) - (char *)io;
		return 0;
	}
	case 12:
		describe(io, d);
		return status(io, d);
	case 14:
		note("message %s %s\n", d->name, (char *)io + io->data_start + sizeof(struct dm_target_msg));
		sscanf((char *)io + io->data_start + sizeof(struct dm_target_msg), "set_transaction_id %*d %d", &txn);
		return describe(io, d);
	}
	return describe(io, d);
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, ...);
	if (!next)
		next = dlsym(RTLD_NEXT, "ioctl");
	va_list ap;
	va_start(ap, request);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	if (((request >> 8) & 0xff) == DM_IOCTL && fd == control)
		return answer(request & 0xff, arg);
	if (fd >= 0 && fd < 1024 && disk[fd]) {
		switch (request) {
		case BLKGETSIZE64:
			*(unsigned long long *)arg = 1 << 26;
			return 0;
		case BLKSSZGET:
		case BLKPBSZGET:
			*(int *)arg = 512;
			return 0;
		}
		return 0;
	}
	return next(fd, request, arg);
}
