using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.Destinations;

internal sealed partial class ModelCatalog
{
    private static partial class Log
    {
        public static void Write(ILogger logger, DestinationChange change, DestinationQuestion question)
        {
            switch (change.After.Answer)
            {
                case DestinationAnswer.Unreachable when question.IsProbed:
                    Untold(logger, change.Destination, change.Cluster, change.Address, change.After.Reason);
                    break;
                case DestinationAnswer.Unauthorized when question.HasCredential:
                    CredentialRefused(logger, change.Destination, change.Cluster, change.Address, change.After.StatusCode);
                    break;
                case DestinationAnswer.Unauthorized:
                    CredentialMissing(logger, change.Destination, change.Cluster, change.Address, change.After.StatusCode);
                    break;
                case DestinationAnswer.Failing:
                    Failing(logger, change.Destination, change.Cluster, change.Address, change.After.StatusCode, question.Path);
                    break;
                case DestinationAnswer.Answering when change.After.Reason.Length > 0:
                    NotListed(logger, change.Destination, change.Cluster, change.Address, question.Path, change.After.Reason);
                    break;
                case DestinationAnswer.Answering when change.Before.Answer is not (DestinationAnswer.Unknown or DestinationAnswer.Answering):
                    Back(logger, change.Destination, change.Cluster, change.Address);
                    break;
                case DestinationAnswer.Answering when change.Before.Answer is DestinationAnswer.Unknown:
                    Answers(logger, change.Destination, change.Cluster, change.Address, change.After.Models?.Entries.Length ?? 0);
                    break;
            }
        }

        [LoggerMessage(1201, LogLevel.Warning, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) does not tell its models: {Reason}.")]
        private static partial void Untold(ILogger logger, string destination, string cluster, string address, string reason);

        [LoggerMessage(1202, LogLevel.Warning,
            "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers {StatusCode}: set Extensions.Credentials.{Destination} of the cluster.")]
        private static partial void CredentialMissing(ILogger logger, string destination, string cluster, string address, int statusCode);

        [LoggerMessage(1203, LogLevel.Warning,
            "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers {StatusCode}: it refuses the credential in Extensions.Credentials.")]
        private static partial void CredentialRefused(ILogger logger, string destination, string cluster, string address, int statusCode);

        [LoggerMessage(1204, LogLevel.Warning, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers {StatusCode} on {Path}.")]
        private static partial void Failing(ILogger logger, string destination, string cluster, string address, int statusCode, string path);

        [LoggerMessage(1205, LogLevel.Warning,
            "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers, but on {Path} {Reason}; list its models in Extensions.ModelServer.Models.")]
        private static partial void NotListed(ILogger logger, string destination, string cluster, string address, string path, string reason);

        [LoggerMessage(1206, LogLevel.Information, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) tells its models again.")]
        private static partial void Back(ILogger logger, string destination, string cluster, string address);

        [LoggerMessage(1208, LogLevel.Error, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) cannot be asked for a fault of the gateway: {Exception}.")]
        public static partial void CannotAsk(ILogger logger, string destination, string cluster, string address, string exception);

        [LoggerMessage(1207, LogLevel.Debug, "Destination '{Destination}' of cluster '{Cluster}' ({Address}) answers; models listed: {Models}.")]
        private static partial void Answers(ILogger logger, string destination, string cluster, string address, int models);
    }
}
