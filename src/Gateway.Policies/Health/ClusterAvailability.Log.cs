using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.Health;

internal sealed partial class ClusterAvailability
{
    private static partial class Log
    {
        public static void Write(
            ILogger logger, ClusterAvailability cluster, DestinationAvailability member, in AvailabilityFacts before, in AvailabilityFacts after, TimeSpan now)
        {
            var level = Level(before, after);
            if (!logger.IsEnabled(level))
            {
                return;
            }

            var others = Array.FindAll(cluster._members, other => !ReferenceEquals(other, member) && other.Facts.IsAvailable).Length;
            Changed(
                logger,
                level,
                member.Destination.DestinationId,
                cluster.Cluster.ClusterId,
                DestinationQuestion.Shown(new Uri(member.Address)),
                after.State.Name(),
                after.Reason.Sentence(),
                before.State.Name(),
                Math.Round((now - before.Since).TotalSeconds, 3),
                after.IsAvailable ? "" : others switch
                {
                    0 => " No other destination of the cluster is available.",
                    1 => " One other destination of the cluster is available.",
                    _ => $" {others} other destinations of the cluster are available.",
                });
        }

        private static LogLevel Level(in AvailabilityFacts before, in AvailabilityFacts after) => after switch
        {
            { State: AvailabilityState.Ejected or AvailabilityState.Loading or AvailabilityState.Wedged } or { State: AvailabilityState.Suspect, IsDead: true } => LogLevel.Warning,

            // One failed request or slow probe more or less is no news.
            { State: AvailabilityState.Suspect } => LogLevel.Debug,
            { State: AvailabilityState.Up } when before is { State: AvailabilityState.Suspect, IsDead: false } => LogLevel.Debug,
            _ => LogLevel.Information,
        };

        [LoggerMessage(EventId = 1301, Message = "Destination '{Destination}' of cluster '{Cluster}' ({Address}) is {State}: {Reason}. It was {Before} for {Seconds} s.{Rest}")]
        private static partial void Changed(
            ILogger logger, LogLevel level, string destination, string cluster, string address, string state, string reason, string before, double seconds, string rest);
    }
}
