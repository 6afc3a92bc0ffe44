"""Measures a network's predictions in ONNX Runtime: onnx_infer.py NETWORK BATCH THREADS"""

import sys

import clock
import onnx_networks
import session

name, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
clock.report({"predict": session.timed(*onnx_networks.network(name, batch), threads)})
