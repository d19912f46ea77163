using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.Destinations.Reports;

internal sealed partial class LoadReports
{
    private static partial class Log
    {
        public static void Write(ILogger logger, string cluster, ReportWatch watch, ReportOutcome? before, ReportReply reply)
        {
            var question = watch.Question;
            var (destination, address, path) = (watch.Destination.DestinationId, question.Address, question.LoadPath);
            switch (reply.Outcome)
            {
                case ReportOutcome.Unauthorized:
                    Refused(logger, destination, cluster, address, reply.Status, path, question.HasCredential ? "it refuses the credential in Extensions.Credentials" : "set Extensions.Credentials of the cluster");
                    break;
                case ReportOutcome.Absent:
                    Refused(logger, destination, cluster, address, reply.Status, path, Cure(question.Server.Kind));
                    break;
                case ReportOutcome.Unreadable:
                    Untold(logger, destination, cluster, address, path, question.Server.Kind);
                    break;
                case ReportOutcome.TooLarge:
                    TooLarge(logger, destination, cluster, address, path, ReportPage.MaxBytes);
                    break;
                case ReportOutcome.Told when before is not null:
                    Back(logger, destination, cluster, address);
                    break;
                case ReportOutcome.Told:
                    Tells(logger, destination, cluster, address, path);
                    break;
                default:
                    Silent(logger, destination, cluster, address, path, reply.Outcome.Name());
                    break;
            }
        }

        private static string Cure(string kind) => kind switch
        {
            ModelServerKinds.Sglang => "start it with --enable-metrics",
            ModelServerKinds.LlamaCpp => "start it with --metrics",
            ModelServerKinds.TrtLlm => "start it with return_perf_metrics: true among its extra options, or set ModelServer.MetricsPath",
            _ => "set ModelServer.MetricsPath of the cluster",
        };

        [LoggerMessage(1251, LogLevel.Warning, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers {StatusCode} on {Path}, so how loaded it is is not known: {Cure}.")]
        private static partial void Refused(ILogger logger, string destination, string cluster, string address, int statusCode, string path, string cure);

        [LoggerMessage(1252, LogLevel.Warning,
            "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers on {Path}, but with nothing a server of kind {Kind} tells its load by; check ModelServer.Kind and ModelServer.MetricsPath.")]
        private static partial void Untold(ILogger logger, string destination, string cluster, string address, string path, string kind);

        [LoggerMessage(1253, LogLevel.Warning, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers on {Path} with more than the {Limit} bytes that are read, so how loaded it is is not known.")]
        private static partial void TooLarge(ILogger logger, string destination, string cluster, string address, string path, int limit);

        [LoggerMessage(1254, LogLevel.Information, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) tells its load again.")]
        private static partial void Back(ILogger logger, string destination, string cluster, string address);

        [LoggerMessage(1255, LogLevel.Debug, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) tells its load on {Path}.")]
        private static partial void Tells(ILogger logger, string destination, string cluster, string address, string path);

        [LoggerMessage(1256, LogLevel.Debug, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) did not tell its load on {Path}: {Outcome}.")]
        private static partial void Silent(ILogger logger, string destination, string cluster, string address, string path, string outcome);

        [LoggerMessage(1257, LogLevel.Information, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) was started anew: its counters begin again.")]
        public static partial void StartedAnew(ILogger logger, string destination, string cluster, string address);

        [LoggerMessage(1258, LogLevel.Error, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) cannot be asked for its load for a fault of the gateway: {Exception}.")]
        public static partial void CannotAsk(ILogger logger, string destination, string cluster, string address, string exception);
    }
}
