#include "textflag.h"

// func loader() unsafe.Pointer
TEXT ·loader(SB), NOSPLIT, $0-8
	MOVD $loaderText<>(SB), R0
	MOVD R0, ret+0(FP)
	RET

// The loader (inmemory.go). It is copied, and never called here: it refers to nothing but its table, and leaves the stack as the kernel has made it.
TEXT loaderText<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $1, R19
	LSL  $30, R19, R19
	ADD  $0x400, R19, R19 // loaderAddress + loaderTable
segment:
	MOVD 0(R19), R20
	CBZ  R20, begin
	MOVD R20, R0
	MOVD 8(R19), R1
	MOVD $3, R2           // PROT_READ | PROT_WRITE
	MOVD $0x32, R3        // MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
	MOVD $-1, R4
	MOVD $0, R5
	MOVD $222, R8         // mmap
	SVC
	CMP  R0, R20
	BNE  fail
	MOVD 16(R19), R21
	MOVD 24(R19), R22
read:
	CBZ  R22, protect
	MOVD $3, R0           // programFD
	MOVD R20, R1
	MOVD R22, R2
	MOVD R21, R3
	MOVD $67, R8          // pread64
	SVC
	CMP  $0, R0
	BLE  fail
	ADD  R0, R20, R20
	ADD  R0, R21, R21
	SUB  R0, R22, R22
	B    read
protect:
	MOVD 0(R19), R0       // the kernel has the instruction cache see what is to be executed
	MOVD 8(R19), R1
	MOVD 32(R19), R2
	MOVD $226, R8         // mprotect
	SVC
	CBNZ R0, fail
	ADD  $40, R19, R19
	B    segment
begin:
	MOVD $3, R0           // programFD
	MOVD $57, R8          // close
	SVC
	MOVD $4, R0           // copiedFD
	MOVD R19, R1          // any byte
	MOVD $1, R2
	MOVD $64, R8          // write
	SVC
	MOVD $4, R0
	MOVD $57, R8          // close
	SVC
	MOVD $0, R0
	MOVD 8(R19), R1
	JMP  (R1)
fail:
	MOVD $127, R0
	MOVD $94, R8          // exit_group
	SVC
	B    fail
