/* What an ELF file says about its own symbols and data, read piece by piece through a callback: the file belongs to
 * somebody else and may change or lie while it is read, so nothing of it is mapped, every number is checked and every
 * walk has an end. 64-bit little-endian executables and shared objects of x86-64 and AArch64 only; names are found by
 * the hash tables that the dynamic linker uses, so a stripped file will do. */
#pragma once

#include "util.h"

#define ELF_LOADS_MAX 16 /* segments; a file with more is refused */

/* Reads exactly n bytes at this offset: 0, -ENODATA when the file ends before, or another negative errno. */
typedef int (*elf_read_t)(void *userdata, uint64_t offset, void *buf, size_t n);

typedef struct ElfLoad {
        uint64_t address, size, offset; /* size: of what is in the file */
        bool executable;
} ElfLoad;

typedef struct ElfImage {
        elf_read_t read;
        void *userdata;
        uint16_t machine; /* EM_X86_64, EM_AARCH64 */
        unsigned n_loads;
        ElfLoad loads[ELF_LOADS_MAX];
        uint64_t symbols, strings, strings_size, gnu_hash, sysv_hash, relocations, relocations_size; /* 0 = has none */
} ElfImage;

typedef struct ElfSymbol {
        uint64_t address, size; /* size: 0 = not said */
} ElfSymbol;

/* -ENOEXEC: none of the files we know. -EBADMSG: damaged. Errors of read() are passed up, here and below. */
int elf_open(ElfImage *image, elf_read_t read, void *userdata);

/* A symbol that this file defines. -ENOENT. */
int elf_symbol(const ElfImage *image, const char *name, ElfSymbol *ret);

/* Where n bytes at an address are in the file. -EFAULT when they aren't in it, or are not code where that is asked for.
 */
int elf_offset(const ElfImage *image, uint64_t address, uint64_t n, bool executable, uint64_t *ret);

/* n bytes at an address, as they are in the file. */
int elf_read(const ElfImage *image, uint64_t address, void *buf, size_t n);

/* The 8-byte words at these addresses as the dynamic linker will leave them, for a file that is loaded at its own
 * addresses. One walk over the relocations, whatever n. A word that is not in the file is 0. */
int elf_words(const ElfImage *image, const uint64_t *addresses, uint64_t *ret_values, unsigned n);
