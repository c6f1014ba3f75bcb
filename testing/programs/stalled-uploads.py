# Begins uploads of a gigabyte each to one site, sends some of each, and stops.  NAME COUNT MEGABYTES [--meanwhile COMMAND]
import socket, subprocess, sys

name, count, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
held = []
for _ in range(count):
    upload = socket.create_connection(("::1", 80))
    upload.settimeout(0.2)
    upload.sendall(f"POST /stalled HTTP/1.1\r\nHost: {name}\r\nContent-Length: 1000000000\r\n\r\n".encode())
    try:
        for _ in range(megabytes):
            upload.sendall(bytes(1 << 20))
    except socket.timeout:
        pass  # Taken as far as the server reads.
    except OSError as error:
        print("cut", error)
        continue
    held.append(upload)
print("held", len(held))
if len(sys.argv) > 5:
    subprocess.run(sys.argv[5], shell=True)
