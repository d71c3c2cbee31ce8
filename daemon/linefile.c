/* See linefile.h. */
#include "linefile.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fd.h"

int linefile_open(int dirfd, const char *name, uint64_t most, FILE **ret) {
        _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;
        FILE *file;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        if ((uint64_t) st.st_size > most)
                return -EFBIG;
        file = fdopen(fd, "re");
        if (!file)
                return -errno;
        TAKE_FD(fd);
        *ret = file;
        return 0;
}

int linefile_read(FILE *file, char *line, size_t size) {
        size_t n;
        int c;

        if (!fgets(line, (int) size, file))
                return 0;
        n = strlen(line);
        if (n > 0 && line[n - 1] == '\n') {
                line[n - 1] = 0;
                return 1;
        }
        while (n + 1 == size && (c = getc(file)) != EOF && c != '\n')
                ;
        return -EBADMSG;
}
