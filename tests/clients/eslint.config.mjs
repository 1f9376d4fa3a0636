// Lints the schema and the saved operations. From the root of the repository:
//
//   tests/clients/node_modules/.bin/eslint --config tests/clients/eslint.config.mjs docs/api/schema.graphql docs/operations
import graphql from '@graphql-eslint/eslint-plugin';

const { 'flat/schema-recommended': schema, 'flat/schema-relay': relay, 'flat/operations-recommended': operations } = graphql.configs;
const language = { parser: graphql.parser, parserOptions: { graphQLConfig: {
  schema: './docs/api/schema.graphql', documents: './docs/operations/*.graphql',
} } };

export default [
  {
    files: ['docs/api/schema.graphql'],
    languageOptions: language,
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...schema.rules,
      ...relay.rules,
      // Lists that cannot grow long, such as reasons, are plain ones, and connections have nodes beside their edges.
      // Entries of a ledger and dead letters are read in their lists alone.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      // A journal is read from its newest entry on, never backwards.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
      // It would refuse signalTime of Signal, which is the business's word for it.
      '@graphql-eslint/no-typename-prefix': 'off',
      // Ids are opaque and only entities have one.
      '@graphql-eslint/strict-id-in-types': ['error', {
        acceptedIdNames: ['id'],
        acceptedIdTypes: ['ID'],
        exceptions: {
          types: [
            'AccountMetrics', 'Achievement', 'BalanceExplanation', 'BalancePart', 'Candle', 'CandleSeries', 'Capability', 'ChallengeCertificate',
            'ChallengeRoom', 'ChallengeRules', 'ChallengeStep', 'ChallengeTier', 'DailyPnl', 'DrawdownLock', 'DurationBin', 'EquityPoint',
            'Evidence', 'EvidenceProof', 'Exchange', 'ExchangeHoliday', 'ExchangeRate', 'ExchangeSeason', 'ExchangeSession',
            'IndicatorLine', 'IndicatorPoint', 'IndicatorSeries', 'Job', 'LeaderboardEntry', 'LedgerEntry', 'Limit', 'LimitRoom', 'MarketStatus', 'PageInfo', 'Plan',
            'PnlBin', 'Portfolio', 'PortfolioSlice', 'Position', 'PositionRoom', 'Protections', 'Quote', 'Reason', 'RuleBreach', 'SchedulerLock', 'SchedulerStatus',
            'SessionTokens', 'SignalStats', 'SimilarSignal', 'SourceHealth', 'StopGuard', 'Strategy', 'StrategyRule', 'StrategyVote',
            'SymbolCount', 'SymbolMapping', 'TradeDistributions', 'TraderProfile', 'UserError', 'Viewer',
          ],
          suffixes: ['Connection', 'Edge', 'Event', 'Payload', 'Result'],
        },
      }],
      '@graphql-eslint/require-description': ['error', {
        types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, DirectiveDefinition: true,
      }],
      // A field that is refused nulls itself, not all of the answer.
      '@graphql-eslint/require-nullable-result-in-root': 'error',
      // A mutation answers with a payload, which carries what went wrong.
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      // That its type is named after the mutation a test of schema/src/conventions.rs looks at: simulateOrder takes placeOrder's.
      '@graphql-eslint/input-name': ['error', { checkInputType: false }],
      '@graphql-eslint/require-deprecation-reason': 'error',
      // The date stands in the reason ("Removal on DATE."): a directive argument of its own would not be GraphQL's.
      '@graphql-eslint/require-deprecation-date': 'off',
    },
  },
  {
    files: ['docs/operations/*.graphql'],
    languageOptions: language,
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...operations.rules,
      '@graphql-eslint/no-unused-variables': 'error',
      '@graphql-eslint/require-import-fragment': 'off',
      // The operation is called like its file.
      '@graphql-eslint/match-document-filename': ['error', { query: 'PascalCase', mutation: 'PascalCase', subscription: 'PascalCase' }],
      // The tokens and the pages of ids are not entities to be cached.
      '@graphql-eslint/require-selections': 'off',
    },
  },
];
