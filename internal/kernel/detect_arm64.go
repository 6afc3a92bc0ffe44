package kernel

func supported(i ISA) bool { return i == NEON || i == Generic }
