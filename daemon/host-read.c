/* See host-read.h. */
#include "host-read.h"

#include <stdio.h>

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

bool host_read_tell(int *told, int result, char text[static HOST_READ_TEXT_MAX]) {
        result = MIN(result, 0);
        if (result == *told)
                return false;
        if (result == -ERANGE)
                snprintf(text, HOST_READ_TEXT_MAX,
                         "/proc/meminfo says what can't be true (more free than there is), so the host is not guarded.");
        else if (result < 0)
                snprintf(text, HOST_READ_TEXT_MAX,
                         "The host's memory can't be read (%s in /proc/meminfo or /proc/pressure/memory), so the host is "
                         "not guarded; it is tried again every 15 s.",
                         strerrordesc_np(-result));
        else
                snprintf(text, HOST_READ_TEXT_MAX, "The host's memory can be read again, so the host is guarded again.");
        *told = result;
        return true;
}
