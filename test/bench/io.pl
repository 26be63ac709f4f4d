# perl io.pl FILE read|write sequential|random BLOCK COUNT: milliseconds for that many blocks, past the cache; what is random is the same each time.
use strict;
use Fcntl qw(O_RDWR O_DIRECT SEEK_END);
use Time::HiRes qw(time);
my ($file, $how, $order, $block, $count) = @ARGV;
$_ += 0 for $block, $count;
sysopen my $disk, $file, O_RDWR | O_DIRECT or die "$file: $!";
my $blocks = int(sysseek($disk, 0, SEEK_END) / $block);
srand 1;
my @offsets = map { $block * ($order eq "random" ? int rand $blocks : $_ % $blocks) } 0 .. $count - 1;
# The kernel wants memory that begins with a page.
my $memory = "x" x ($block + 4096);
my $at = (unpack("J", pack("p", $memory)) + 4095) & ~4095;
my $call = $how eq "read" ? 17 : 18;
my $began = time;
for (@offsets) { syscall($call, fileno $disk, $at, $block, $_) == $block or die "$file at $_: $!" }
printf "%.1f\n", 1000 * (time - $began);
