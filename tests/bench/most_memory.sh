# most_memory PID: the most memory that a process has (VmHWM), in bytes, looked at until it ends. For scripts to source.
most_memory() {
  local most=0 value
  while value=$(awk '/^VmHWM/ {print $2}' "/proc/$1/status" 2> /dev/null) && [ -n "$value" ]; do
    most=$value
    sleep 0.1
  done
  echo $((most * 1024))
}
