/* The probes of a CPython are found without debug symbols, in every build at hand, and damaged files are refused. */
#include "temproot.h"

#include <glob.h>
#include <sys/mman.h>

#include "fake-elf.h"
#include "fd.h"
#include "pyelf.h"

typedef struct Memory {
        const uint8_t *data;
        size_t size;
        unsigned n_reads, fail_at; /* 0 = never */
} Memory;

static int read_memory(void *userdata, uint64_t offset, void *buf, size_t n) {
        Memory *memory = userdata;

        if (++memory->n_reads == memory->fail_at)
                return -EIO;
        if (offset > memory->size || n > memory->size - offset)
                return -ENODATA;
        memcpy(buf, memory->data + offset, n);
        return 0;
}

static int resolve(const FakeElf *want, PyBuild *ret) {
        uint8_t file[FAKE_SIZE];
        Memory memory = {file, sizeof(file), 0, 0};

        fake_elf(want, file);
        return pyelf_resolve(read_memory, &memory, ret);
}

static uint64_t probe_at(const PyBuild *build, PyProbeKind kind) {
        for (unsigned i = 0; i < build->n_probes; i++)
                if (build->probes[i].kind == kind)
                        return build->probes[i].offset;
        return 0;
}

static const uint8_t static_jump[] = {0x64, 0x48, 0x8b, 0x3c, 0x25, 0xe8, 0xff, 0xff, 0xff, 0xe9, 0x72, 0, 0, 0};
static const uint8_t landing_jump[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x64, 0x48, 0x8b, 0x3c, 0x25,
                                       0xe8, 0xff, 0xff, 0xff, 0xe9, 0x6e, 0,    0,    0};
static const uint8_t shared_jump[] = {0x48, 0x83, 0xec, 0x08, 0x66, 0x48, 0x8d, 0x3d, 1, 2,    3,
                                      4,    0x66, 0x66, 0x48, 0xe8, 1,    2,    3,    4, 0x48, 0x8b,
                                      0x38, 0x48, 0x83, 0xc4, 0x08, 0xe9, 0x60, 0,    0, 0};
static const uint8_t wild_jump[] = {0x64, 0x48, 0x8b, 0x3c, 0x25, 0xe8, 0xff, 0xff, 0xff, 0xe9, 0xff, 0xff, 0xff, 0x7f};

#define CODE(bytes) .code = bytes, .code_size = sizeof(bytes)

static void test_probes_are_chosen_by_build(void **state) {
        static const struct {
                const char *what;
                FakeElf elf;
                uint64_t outer, inner, new;
                bool pairs;
        } cases[] = {
                {"3.8", {ET_DYN, EM_X86_64, .wrapper = 59}, FAKE_NO_MEMORY, 0, FAKE_NEW, true},
                {"3.9", {ET_DYN, EM_X86_64, .wrapper = 19, .inner = true}, 0, FAKE_INNER, FAKE_NEW, true},
                {"3.11 static",
                 {ET_EXEC, EM_X86_64, .wrapper = 12, .inner = true, .version = 0x030b02f0},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 true},
                {"3.11 inlined",
                 {ET_EXEC, EM_X86_64, .wrapper = 60, .inner = true, .version = 0x030b02f0},
                 FAKE_NO_MEMORY,
                 FAKE_INNER,
                 FAKE_NEW,
                 true},
                {"3.12",
                 {ET_DYN, EM_X86_64, .wrapper = 32, .inner = true, .version = 0x030c01f0},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 false},
                {"3.13 static",
                 {ET_EXEC, EM_X86_64, .wrapper = 14, CODE(static_jump), .version = 0x030d05f0},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 false},
                {"3.13 landing pad",
                 {ET_EXEC, EM_X86_64, .wrapper = 18, CODE(landing_jump), .version = 0x030d05f0},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 false},
                {"3.13 shared",
                 {ET_DYN, EM_X86_64, .wrapper = 32, CODE(shared_jump), .version = 0x030d00f0},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 false},
                {"3.13 that jumps out of the file",
                 {ET_DYN, EM_X86_64, .wrapper = 14, CODE(wild_jump), .version = 0x030d00f0},
                 FAKE_NO_MEMORY,
                 0,
                 FAKE_NEW,
                 false},
                {"3.13 AArch64",
                 {ET_DYN, EM_AARCH64, .wrapper = 14, CODE(static_jump), .version = 0x030d00f0},
                 FAKE_NO_MEMORY,
                 0,
                 FAKE_NEW,
                 false},
                {"AArch64 by symbol",
                 {ET_DYN, EM_AARCH64, .wrapper = 12, .inner = true, .by_symbol = true},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 true},
                {"x86-64 by symbol",
                 {ET_DYN, EM_X86_64, .wrapper = 12, .inner = true, .by_symbol = true},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 true},
                {"System V hash",
                 {ET_DYN, EM_X86_64, .wrapper = 12, .inner = true, .sysv = true},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 true},
                {"free-threaded",
                 {ET_DYN, EM_X86_64, .wrapper = 12, .inner = true, .free_threaded = true},
                 0,
                 FAKE_INNER,
                 FAKE_NEW,
                 true},
                {"2.7",
                 {ET_DYN, EM_X86_64, .wrapper = 50, .name = "exceptions.MemoryError"},
                 FAKE_NO_MEMORY,
                 0,
                 0,
                 true},
                {"one tp_new for all exceptions",
                 {ET_DYN, EM_X86_64, .wrapper = 50, .shared_new = true},
                 FAKE_NO_MEMORY,
                 0,
                 0,
                 true},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                PyBuild build = {};
                int r = resolve(&cases[i].elf, &build);

                if (r < 0 || probe_at(&build, PYPROBE_NO_MEMORY) != cases[i].outer ||
                    probe_at(&build, PYPROBE_NO_MEMORY_INNER) != cases[i].inner ||
                    probe_at(&build, PYPROBE_NEW) != cases[i].new || build.pairs != cases[i].pairs)
                        fail_msg("%s: %d, %u probes, %#lx %#lx %#lx", cases[i].what, r, build.n_probes,
                                 (unsigned long) probe_at(&build, PYPROBE_NO_MEMORY),
                                 (unsigned long) probe_at(&build, PYPROBE_NO_MEMORY_INNER),
                                 (unsigned long) probe_at(&build, PYPROBE_NEW));
                assert_int_equal(build.major, cases[i].elf.version >> 24);
                assert_int_equal(build.minor, cases[i].elf.version >> 16 & 0xff);
        }
}

static const FakeElf usual = {ET_DYN, EM_X86_64, .wrapper = 32, CODE(shared_jump), .version = 0x030d00f0};

static void test_other_files_are_told_apart(void **state) {
        static const uint8_t text[] = "#!/bin/sh\n";
        Memory memory = {text, sizeof(text), 0, 0};
        uint8_t file[FAKE_SIZE];
        PyBuild build;

        (void) state;
        assert_int_equal(pyelf_resolve(read_memory, &memory, &build), -ENOEXEC);
        fake_elf(&usual, file);
        memory = (Memory){file, sizeof(file), 0, 0};
        file[EI_CLASS] = ELFCLASS32;
        assert_int_equal(pyelf_resolve(read_memory, &memory, &build), -ENOEXEC);
        file[EI_CLASS] = ELFCLASS64;
        memcpy(memmem(file, sizeof(file), "PyExc_MemoryError", 17), "PyExc_NothingElse", 17);
        assert_int_equal(pyelf_resolve(read_memory, &memory, &build), -ENOENT);
}

/* Cut short anywhere, and any one byte changed: an answer, whose offsets are in the file. */
static void test_damaged_files_do_no_harm(void **state) {
        uint8_t file[FAKE_SIZE];
        PyBuild build;

        (void) state;
        fake_elf(&usual, file);
        for (size_t size = 0; size < sizeof(file); size++) {
                Memory memory = {file, size, 0, 0};

                (void) pyelf_resolve(read_memory, &memory, &build);
        }
        for (unsigned i = 0; i < FAKE_DATA * 4; i++) {
                Memory memory = {file, sizeof(file), 0, 0};
                uint8_t *byte = &file[i / 4], before = *byte;

                *byte = (uint8_t[]){0xff, 0x00, (uint8_t) (before ^ 0x80), (uint8_t) (before + 1)}[i % 4];
                build = (PyBuild){};
                (void) pyelf_resolve(read_memory, &memory, &build);
                assert_true(memory.n_reads < 20000);
                for (unsigned k = 0; k < build.n_probes; k++)
                        assert_true(build.probes[k].offset < sizeof(file));
                *byte = before;
        }
}

/* As many relocations as are looked at, all of one word, each with a symbol to be read: its owner must not be able to keep
 * us busy. */
static void test_reads_have_a_bound(void **state) {
        enum { N = 16 * MIB / sizeof(Elf64_Rela), SIZE = 0x1000 + N * sizeof(Elf64_Rela), BASE = 0x1000, WORD = FAKE_DATA + 0x400 };
        uint8_t *file = calloc(1, SIZE);
        Elf64_Rela *relocations = (void *) (file + 0x1000);
        Elf64_Phdr *loads = (void *) (file + sizeof(Elf64_Ehdr));
        Elf64_Dyn *dynamic = (void *) (file + FAKE_DYNAMIC);
        Memory memory = {file, SIZE, 0, 0};
        PyBuild build;

        (void) state;
        fake_elf(&usual, file);
        for (size_t i = 0; i < N; i++)
                relocations[i] = (Elf64_Rela){BASE + WORD, ELF64_R_INFO(5UL, R_X86_64_64), 0};
        loads[1].p_filesz = SIZE - FAKE_DATA;
        assert_int_equal(dynamic[4].d_tag, DT_RELA);
        dynamic[4].d_un.d_ptr = BASE + 0x1000;
        dynamic[5].d_un.d_val = N * sizeof(Elf64_Rela);
        assert_int_equal(pyelf_resolve(read_memory, &memory, &build), -EBADMSG);
        assert_true(memory.n_reads < 100000);
        free(file);
}

static void test_a_failing_read_is_no_verdict_on_the_file(void **state) {
        uint8_t file[FAKE_SIZE];
        unsigned n_reads, n_wrong = 0;
        PyBuild build;

        (void) state;
        fake_elf(&usual, file);
        Memory memory = {file, sizeof(file), 0, 0};
        assert_int_equal(pyelf_resolve(read_memory, &memory, &build), 0);
        n_reads = memory.n_reads;
        assert_true(n_reads > 10);
        for (unsigned i = 1; i <= n_reads; i++) {
                memory.n_reads = 0;
                memory.fail_at = i;
                n_wrong += pyelf_resolve(read_memory, &memory, &build) != -EIO;
        }
        assert_int_equal(n_wrong, 0);
}

static int read_fd(void *userdata, uint64_t offset, void *buf, size_t n) {
        ssize_t got = pread(*(const int *) userdata, buf, n, (off_t) offset);

        return got < 0 ? -errno : (size_t) got < n ? -ENODATA : 0;
}

/* The address of a symbol by .symtab, which pyelf never looks at; 0 where there is none. */
static uint64_t debug_symbol(const uint8_t *file, const char *name) {
        const Elf64_Ehdr *header = (const void *) file;
        const Elf64_Shdr *sections = (const void *) (file + header->e_shoff);

        for (unsigned i = 0; i < header->e_shnum; i++) {
                const Elf64_Sym *symbols = (const void *) (file + sections[i].sh_offset);

                if (sections[i].sh_type != SHT_SYMTAB)
                        continue;
                for (size_t k = 0; k < sections[i].sh_size / sizeof(*symbols); k++)
                        if (util_streq((const char *) file + sections[sections[i].sh_link].sh_offset +
                                               symbols[k].st_name,
                                       name))
                                return symbols[k].st_value;
        }
        return 0;
}

static uint64_t debug_offset(const uint8_t *file, const char *name) {
        const Elf64_Ehdr *header = (const void *) file;
        const Elf64_Phdr *loads = (const void *) (file + header->e_phoff);
        uint64_t address = debug_symbol(file, name);

        for (unsigned i = 0; i < header->e_phnum; i++)
                if (loads[i].p_type == PT_LOAD && address - loads[i].p_vaddr < loads[i].p_filesz)
                        return address - loads[i].p_vaddr + loads[i].p_offset;
        return 0;
}

static void check_real(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        PyBuild build = {};
        const uint8_t *file;
        struct stat st;
        int r;

        if (fd < 0)
                return;
        r = pyelf_resolve(read_fd, &fd, &build);
        if (r == -ENOENT || r == -ENOEXEC) {
                print_message("%s: no CPython in it\n", path);
                return;
        }
        if (r < 0)
                fail_msg("%s: %s", path, strerrorname_np(-r));
        print_message("%s: %u.%u, %u probes\n", path, build.major, build.minor, build.n_probes);
        assert_int_equal(fstat(fd, &st), 0);
        file = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        assert_ptr_not_equal(file, MAP_FAILED);
        if (debug_symbol(file, "MemoryError_new"))
                assert_int_equal(probe_at(&build, PYPROBE_NEW), debug_offset(file, "MemoryError_new"));
        if (debug_symbol(file, "_PyErr_NoMemory"))
                assert_int_equal(probe_at(&build, PYPROBE_NO_MEMORY_INNER), debug_offset(file, "_PyErr_NoMemory"));
        (void) munmap((void *) (uintptr_t) file, (size_t) st.st_size);
}

static void test_real_builds_agree_with_their_debug_symbols(void **state) {
        static const char *const patterns[] = {"/usr/bin/python3*",
                                               "/usr/local/bin/python3*",
                                               "/usr/lib/*/libpython3*.so.1.0",
                                               "/usr/local/lib/libpython3*.so.1.0",
                                               "~/.pyenv/versions/3*/bin/python3*",
                                               "~/.pyenv/versions/3*/lib/libpython3*.so.1.0"};
        glob_t found = {};

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(patterns); i++)
                (void) glob(patterns[i], GLOB_TILDE | (i > 0 ? GLOB_APPEND : 0), NULL, &found);
        if (found.gl_pathc == 0)
                print_message("No CPython is installed here: only made-up ones were looked at.\n");
        for (size_t i = 0; i < found.gl_pathc; i++)
                check_real(found.gl_pathv[i]);
        globfree(&found);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_probes_are_chosen_by_build),
                cmocka_unit_test(test_other_files_are_told_apart),
                cmocka_unit_test(test_damaged_files_do_no_harm),
                cmocka_unit_test(test_reads_have_a_bound),
                cmocka_unit_test(test_a_failing_read_is_no_verdict_on_the_file),
                cmocka_unit_test(test_real_builds_agree_with_their_debug_symbols),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
