#include "textflag.h"

// func loader() unsafe.Pointer
TEXT ·loader(SB), NOSPLIT, $0-8
	LEAQ loaderText<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// The loader (inmemory.go). It is copied, and never called here: it refers to nothing but its table, and leaves the stack as the kernel has made it.
TEXT loaderText<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $0x40000400, BX // loaderAddress + loaderTable
segment:
	MOVQ 0(BX), R12
	TESTQ R12, R12
	JZ   begin
	MOVQ $9, AX          // mmap
	MOVQ R12, DI
	MOVQ 8(BX), SI
	MOVQ $3, DX          // PROT_READ | PROT_WRITE
	MOVQ $0x32, R10      // MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
	MOVQ $-1, R8
	XORL R9, R9
	SYSCALL
	CMPQ AX, R12
	JNE  fail
	MOVQ 16(BX), R13
	MOVQ 24(BX), R14
read:
	TESTQ R14, R14
	JZ   protect
	MOVQ $17, AX         // pread64
	MOVQ $3, DI          // programFD
	MOVQ R12, SI
	MOVQ R14, DX
	MOVQ R13, R10
	SYSCALL
	TESTQ AX, AX
	JLE  fail
	ADDQ AX, R12
	ADDQ AX, R13
	SUBQ AX, R14
	JMP  read
protect:
	MOVQ $10, AX         // mprotect
	MOVQ 0(BX), DI
	MOVQ 8(BX), SI
	MOVQ 32(BX), DX
	SYSCALL
	TESTQ AX, AX
	JNZ  fail
	ADDQ $40, BX
	JMP  segment
begin:
	MOVQ $3, AX          // close
	MOVQ $3, DI          // programFD
	SYSCALL
	MOVQ $1, AX          // write
	MOVQ $4, DI          // copiedFD
	MOVQ BX, SI          // any byte
	MOVQ $1, DX
	SYSCALL
	MOVQ $3, AX          // close
	MOVQ $4, DI
	SYSCALL
	XORL DX, DX          // nothing to be called at exit (System V ABI, 3.4.1)
	MOVQ 8(BX), AX
	JMP  AX
fail:
	MOVQ $231, AX        // exit_group
	MOVQ $127, DI
	SYSCALL
	JMP  fail
