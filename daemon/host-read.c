/* See host-read.h. */
#include "host-read.h"

int host_read_pressure(const Kernfs *kernfs, Pressure *ret) {
        char text[1024];
        int r;

        r = kernfs_read(kernfs->proc_fd, "pressure/memory", text, sizeof(text));
        return r < 0 ? r : kerneltext_pressure(text, ret);
}

int host_read(const Kernfs *kernfs, HostReading *ret) {
        Pressure pressure;
        MemInfo memory;
        int r;

        r = kernfs_read_meminfo(kernfs, &memory);
        if (r < 0)
                return r;
        r = host_read_pressure(kernfs, &pressure);
        if (r < 0)
                return r;
        *ret = (HostReading){
                .total = memory.total,
                .available = memory.available,
                .free = memory.free,
                .cached = memory.cached,
                .swap_total = memory.swap_total,
                .swap_free = memory.swap_free,
                .some_total = pressure.some_total,
                .full_total = pressure.full_total,
        };
        return 0;
}
